"""From a news report to a case: what is found, what is asked, what is refused."""

from __future__ import annotations

import datetime
import importlib.util
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import detente
from detente.cases import load_case
from detente.cli.commands import app
from detente.errors import MissingExtraError, ScenarioError

pytest.importorskip("spacy", reason="needs the extra `draft`")

from detente.cases.drafting import draft_case, read_report
from detente.cases.drafting.draft import Draft
from detente.cases.drafting.findings import find, pipeline
from detente.cases.drafting.reports import of_html, report_of
from detente.cases.drafting.review import answer, open_points
from detente.cases.drafting.sentences import day_in

HERE = Path(__file__).parent
OWN_REPORT = HERE.parent.parent / "shared/reference/belarus-2025-news-report.txt"
DAY = datetime.date(2025, 5, 20)
WOOD = """
EU to reopen its market to Belarusian timber
The European Union will lift its import ban on wood from Belarus next month. In return Minsk is to
free 40 political prisoners, among them two journalists.
Economists at the Vilnius Institute warned that the step would help the Russian economy. Lithuania
said it would not follow. "We are deeply worried," a Polish official said.
"""
NOT_ON_FILE = """
The United States imposed an import ban on Turkish steel on Monday, the White House said. Analysts
at Eastbridge expect Turkish steel exports to the United States to fall by more than 30 percent.
"""


def draft(text: str, date: datetime.date | None = DAY) -> Draft:
    return draft_case(report_of(text, "report.txt", date))


def test_parties_measures_concessions_and_claims_are_found():
    made = draft(WOOD)
    case = made.case()
    assert case.parties["senders"] == ["EU27"]
    assert case.target == "BLR"
    assert case.rival == "RUS"
    assert case.parties["holdouts"] == ["LTU"]
    assert case.scenarios["eu-wood"].lift == ["eu-wood-2022", "eu-logs-2022"]
    (offer,) = case.concessions.values()
    assert (offer.kind, offer.by, offer.persons, offer.certain) == ("release", "Belarus", 40, False)
    leak, worry = case.claims.values()
    assert leak.speaker == "Economists at the Vilnius Institute"
    assert (leak.test.metric, leak.test.parameters.country) == ("welfare", "RUS")
    assert leak.test.direction == "rises"
    assert worry.speaker == "Polish official"
    assert "model" in worry.outside


def test_every_record_has_the_sentence_it_came_from():
    made = draft(WOOD)
    case = made.case()
    for section in ("events", "concessions", "claims"):
        for name in getattr(case, section):
            number, text = made.evidence[f"{section}.{name}"]
            assert made.findings.sentences[number - 1].text == text
            assert text in " ".join(WOOD.split())


def test_a_measure_that_is_not_on_file_has_a_range_and_is_to_be_confirmed():
    made = draft(NOT_ON_FILE, datetime.date(2025, 6, 3))
    (measure,) = made.case().measures.values()
    assert (measure.senders, measure.target, measure.kind) == (["USA"], "TUR", "import-ban")
    assert measure.sectors == ["C24A"]
    assert 0 < measure.strength("low") < measure.strength() < measure.strength("high")
    assert "confirmed" in measure.note
    assert measure.start is None
    asked = {q.at[-1] for q in made.questions if q.at[0] == "measures"}
    assert "ave" in asked


def test_a_number_that_was_said_is_the_threshold():
    (claim,) = draft(NOT_ON_FILE, datetime.date(2025, 6, 3)).case().claims.values()
    assert (claim.test.metric, claim.test.direction, claim.test.threshold) == (
        "exports",
        "below",
        -30,
    )
    assert claim.test.parameters.partner == ["USA"]


def test_what_sanctions_cost_is_tested_on_their_end():
    text = (
        "The United States will ease sanctions on Belarusian banks, the Treasury said on 3 March "
        "2025. The sanctions have hurt the Belarusian economy, analysts at Baltica said."
    )
    claim = next(iter(draft(text).case().claims.values()))
    assert claim.test.direction == "rises"
    assert "turned" in claim.test.note


def test_the_draft_is_the_same_every_time_and_runs(tmp_path):
    first, second = draft(WOOD), draft(WOOD)
    assert first.files == second.files
    first.write(tmp_path / "wood")
    result = detente.assess(load_case(tmp_path / "wood"), draws=0)
    welfare = result.welfare.set_index(["scenario", "country"])["percent"]
    assert welfare["eu-wood", "BLR"] > 0


@pytest.mark.parametrize(
    "text",
    [
        "The football association sanctioned two Polish clubs on Monday for their fans.",
        "Chile and Vietnam signed a trade agreement. Exports of copper grew by 12 percent.",
        "The weather will be fine.",
    ],
)
def test_a_report_without_sanctions_gives_no_case(text):
    with pytest.raises(ScenarioError, match="no case"):
        draft(text)


def test_a_target_without_data_is_refused_with_what_to_do():
    with pytest.raises(ScenarioError, match=r"target: .*NRU.* is not in .*add_economy.*no case"):
        draft("The United States imposed new sanctions on Nauruan phosphates on Monday.")


def test_a_target_of_the_larger_world_stands_on_it():
    case = draft("The EU restored its sanctions on Iranian oil on 29 September 2025.").case()
    assert (case.target, case.world) == ("IRN", "world2022:IRN")


def test_visa_bans_alone_give_no_case():
    with pytest.raises(ScenarioError, match="no trade in the model"):
        draft("Canada imposed visa bans on 12 officials from Belarus on Monday.")


def test_a_denial_is_no_relief():
    text = (
        "The US Treasury denied on Monday that it plans to lift sanctions on Belarusian banks. "
        "The European Union will lift its sanctions on Belarusian potash, diplomats said."
    )
    made = draft(text)
    assert made.case().parties["senders"] == ["EU27"]
    assert all("USA" not in str(change.lift) for change in made.case().scenarios.values())


def test_misspelled_words_are_understood():
    case = draft(
        "switzerland adopts sactions on belarusian potash", datetime.date(2022, 3, 16)
    ).case()
    assert (case.parties["senders"], case.target) == (["CHE"], "BLR")


def test_days_are_told_from_the_report_s():
    assert day_in("on Thursday", datetime.date(2025, 2, 15)).date == datetime.date(2025, 2, 13)
    assert day_in("two weeks ago", datetime.date(2025, 2, 15)).date == datetime.date(2025, 2, 1)
    assert day_in("on 30 December", datetime.date(2025, 1, 3)).date == datetime.date(2024, 12, 30)
    assert day_in("on 31 February 2025", datetime.date(2025, 1, 3)) is None


def test_without_a_day_the_measures_named_decide_and_it_is_asked():
    made = draft("The United States will ease sanctions on Belarusian potash.", None)
    case = made.case()
    assert case.status_quo == datetime.date(2025, 12, 14)
    assert made.questions[0].at == ("case", "date")


def test_secondary_duties_name_the_third_country():
    text = (
        "The United States threatened to impose tariffs of 100 percent on China for buying Russian "
        "oil. Such duties would cut Chinese exports to the United States by up to 60 percent, "
        "economists at Hartwell Bank said."
    )
    case = draft(text, datetime.date(2025, 7, 15)).case()
    (measure,) = case.measures.values()
    assert (measure.kind, measure.target, measure.strength()) == ("tariff", "CHN", 1.0)
    assert case.rival == "RUS"
    (claim,) = case.claims.values()
    assert (claim.test.direction, claim.test.threshold) == ("above", -60)


# -- files --------------------------------------------------------------------------------------


def test_html_and_markdown_are_read_without_scripts(tmp_path):
    page = tmp_path / "report.html"
    page.write_text(
        "<html><head><script>alert('EU sanctions on China')</script></head><body><h1>Relief</h1>"
        "<p>The EU will lift its sanctions on <b>Belarusian</b> potash.</p></body></html>"
    )
    assert read_report(page).text.split("\n") == [
        "Relief",
        "The EU will lift its sanctions on Belarusian potash.",
    ]
    note = tmp_path / "report.md"
    note.write_text("# Relief\n\nThe EU will lift its *sanctions* on [potash](http://x.invalid).\n")
    assert read_report(note).text.split("\n")[1] == "The EU will lift its sanctions on potash."


def test_a_pdf_is_read(tmp_path):
    pypdf = pytest.importorskip("pypdf")
    path = tmp_path / "report.pdf"
    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(300, 300)
    content = pypdf.generic.DecodedStreamObject()
    content.set_data(b"BT /F1 12 Tf 20 200 Td (The EU eased its sanctions on Belarus.) Tj ET")
    page[pypdf.generic.NameObject("/Contents")] = writer._add_object(content)
    font = pypdf.generic.DictionaryObject(
        {
            pypdf.generic.NameObject("/Type"): pypdf.generic.NameObject("/Font"),
            pypdf.generic.NameObject("/Subtype"): pypdf.generic.NameObject("/Type1"),
            pypdf.generic.NameObject("/BaseFont"): pypdf.generic.NameObject("/Helvetica"),
        }
    )
    fonts = pypdf.generic.DictionaryObject({pypdf.generic.NameObject("/F1"): font})
    page[pypdf.generic.NameObject("/Resources")] = pypdf.generic.DictionaryObject(
        {pypdf.generic.NameObject("/Font"): fonts}
    )
    writer.write(path)
    assert "eased its sanctions" in read_report(path).text
    path.write_bytes(b"no PDF")
    with pytest.raises(ScenarioError, match="not a PDF"):
        read_report(path)


def test_what_cannot_be_a_report_is_refused(tmp_path):
    path = tmp_path / "report.txt"
    with pytest.raises(ScenarioError, match="cannot be read"):
        read_report(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScenarioError, match="UTF-8"):
        read_report(path)
    path.write_text(" \n\n")
    with pytest.raises(ScenarioError, match="no text"):
        read_report(path)
    path.write_text("word " * 20_000)
    with pytest.raises(ScenarioError, match="at most"):
        read_report(path)


def test_text_is_data(tmp_path):
    hostile = (
        "The EU will ease its sanctions on Belarus. {{ 7*7 }} !!python/object:os.system "
        "[bold]x[/bold] "
        'Analysts said: "it would help the Russian economy & <script>alert(1)</script> *a : b # c".'
    )
    made = draft(hostile)
    case = made.case()
    said = " ".join(claim.said for claim in case.claims.values())
    assert "<script>alert(1)</script>" in said
    assert "!!" not in made.files["case.yaml"] or made.case().title
    report = tmp_path / "hostile.txt"
    report.write_text(hostile)
    result = CliRunner().invoke(
        app, ["case", "draft", str(report), "-o", str(tmp_path / "c"), "--date", "2025-05-20"]
    )
    assert result.exit_code == 0, result.output


def test_an_unclosed_page_hides_nothing_but_its_scripts():
    assert of_html("<p>one<script>two</p>").split() == ["one"]


# -- the command line ---------------------------------------------------------------------------


def run(*words: str, typed: str = ""):
    return CliRunner().invoke(app, list(words), input=typed)


def test_the_command_writes_a_case_and_says_what_is_open(tmp_path):
    report = tmp_path / "report.txt"
    report.write_text(NOT_ON_FILE)
    folder = tmp_path / "steel"
    found = run("case", "draft", str(report), "-o", str(folder), "--date", "2025-06-03")
    assert found.exit_code == 0, found.output
    assert "target: TUR" in found.output
    assert "open: How strong is it?" in found.output
    assert load_case(folder).target == "TUR"
    again = run("case", "draft", str(report), "-o", str(folder))
    assert isinstance(again.exception, ScenarioError)
    assert "is there already" in str(again.exception)


def test_nothing_is_written_where_there_is_no_case(tmp_path):
    report = tmp_path / "report.txt"
    report.write_text("The weather will be fine.")
    found = run("case", "draft", str(report), "-o", str(tmp_path / "none"))
    assert isinstance(found.exception, ScenarioError)
    assert not (tmp_path / "none").exists()


def test_a_wrong_day_is_refused(tmp_path):
    report = tmp_path / "report.txt"
    report.write_text(WOOD)
    found = run("case", "draft", str(report), "-o", str(tmp_path / "x"), "--date", "yesterday")
    assert "write it as" in str(found.exception)


@pytest.fixture
def drafted(tmp_path):
    folder = tmp_path / "steel"
    draft(NOT_ON_FILE, datetime.date(2025, 6, 3)).write(folder)
    return folder


def test_review_accepts_changes_and_ends(drafted):
    points = open_points(drafted)
    asked = {point.at[-1]: n for n, point in enumerate(points)}
    answers = ["a"] * len(points)
    answers[asked["ave"]] = "c\n{low: 0.1, central: 0.2, high: 0.3}"
    found = run("case", "review", str(drafted), typed="\n".join(answers) + "\n")
    assert "nothing is open" in found.output, found.output
    (measure,) = load_case(drafted).measures.values()
    assert measure.strength() == 0.2
    assert not open_points(drafted)


def test_review_refuses_what_would_not_load_and_keeps_the_files(drafted):
    point = next(p for p in open_points(drafted) if p.at[-1] == "ave")
    before = {p.name: p.read_text() for p in drafted.iterdir()}
    with pytest.raises(ScenarioError, match=r"measures\.yaml.*in order"):
        answer(drafted, point, "change", "{low: 0.5, central: 0.2, high: 0.3}")
    assert {p.name: p.read_text() for p in drafted.iterdir()} == before


def test_a_claim_may_be_dropped_with_its_other_questions(drafted):
    point = next(p for p in open_points(drafted) if p.at[0] == "claims")
    answer(drafted, point, "drop")
    assert not load_case(drafted).claims
    assert all(p.at[0] != "claims" for p in open_points(drafted))


def test_what_is_put_to_the_model_follows_the_test(drafted):
    point = next(p for p in open_points(drafted) if p.at[-1] == "threshold")
    answer(drafted, point, "change", "-20")
    (claim,) = load_case(drafted).claims.values()
    assert claim.test.threshold == -20
    assert "fall by more than 20 percent" in claim.tested


def test_the_only_measure_cannot_be_dropped(drafted):
    point = next(p for p in open_points(drafted) if p.at[0] == "measures")
    with pytest.raises(ScenarioError, match="scenario"):
        answer(drafted, point, "drop")
    assert load_case(drafted).measures


def test_review_lists_and_stops_where_input_ends(drafted):
    assert "How strong is it?" in run("case", "review", str(drafted), "--list").output
    count = len(open_points(drafted))
    assert f"{count} open" in run("case", "review", str(drafted), typed="q\n").output
    assert f"{count} open" in run("case", "review", str(drafted)).output


def test_only_drafted_cases_are_reviewed(tmp_path):
    run("case", "new", str(tmp_path / "own"))
    found = run("case", "review", str(tmp_path / "own"))
    assert "case draft" in str(found.exception)


# -- extractors ---------------------------------------------------------------------------------


def test_another_extractor_is_found_by_entry_point(monkeypatch):
    from importlib.metadata import EntryPoint

    from detente.cases.drafting import findings

    point = EntryPoint("mine", "detente.cases.drafting.findings:find", findings.GROUP)
    monkeypatch.setattr(findings, "entry_points", lambda group: [point])
    assert draft_case(report_of(WOOD, date=DAY), "mine").case().target == "BLR"
    with pytest.raises(ScenarioError, match="did you mean 'mine'"):
        draft_case(report_of(WOOD, date=DAY), "mime")


def test_a_pipeline_that_is_not_installed_is_named():
    with pytest.raises(ScenarioError, match="docs/drafting"):
        find(report_of(WOOD, date=DAY), "en_core_web_none")


def test_an_installed_pipeline_finds_the_same_parties():
    if pipeline() is None:
        pytest.skip("no English spaCy pipeline with a parser is installed")
    ours, parsed = (find(report_of(WOOD, date=DAY), by) for by in ("none", None))
    assert ours.parties == parsed.parties


def test_spacy_is_asked_for_by_its_extra(monkeypatch):
    from detente.cases.drafting import gazetteers

    gazetteers.language.cache_clear()
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(MissingExtraError, match=r"detente\[draft\]"):
        gazetteers.language()


# -- the project's own report, and the annotated ones -------------------------------------------


@pytest.mark.skipif(not OWN_REPORT.is_file(), reason="needs ../shared")
def test_the_projects_own_report():
    case = draft_case(read_report(OWN_REPORT)).case()
    assert case.parties["senders"] == ["USA"]
    assert case.target == "BLR"
    assert case.rival == "RUS"
    named = case.scenarios["us-named"].lift
    assert {"us-banks-2022", "us-potash-2021", "us-potash-payments-2021"} <= set(named)
    released = [c for c in case.concessions.values() if c.persons == 3]
    assert [c.kind for c in released] == ["release"]
    tests = {
        (c.speaker, c.test.metric, c.test.parameters.country, c.test.direction)
        for c in case.claims.values()
        if c.test is not None and c.test.metric != "through-hubs"
    }
    assert ("ISW", "welfare", "RUS", "rises") in tests
    assert ("Experts", "influence", "BLR", "falls") in tests
    hub = next(c for c in case.claims.values() if c.test and c.test.metric == "through-hubs")
    assert (hub.test.parameters.hub, hub.test.direction) == ("BLR", "rises")
    feelings = [c for c in case.claims.values() if c.outside]
    assert any("concerned" in c.said and "feels" in c.outside for c in feelings)


@pytest.mark.skipif(not (HERE.parent / "benchmarks").is_dir(), reason="needs the benchmarks")
def test_every_annotated_report_gives_a_case_that_loads_or_none():
    spec = importlib.util.spec_from_file_location("d", HERE.parent / "benchmarks/drafting.py")
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    annotated = list(bench.annotated())
    assert len(annotated) >= 15
    for name, entry in annotated:
        report = report_of(entry["text"], name, entry["date"])
        if entry["expect"].get("none"):
            with pytest.raises(ScenarioError, match="no case"):
                draft_case(report)
            continue
        case = draft_case(report).case()
        assert case.target == entry["expect"]["target"], name
        for scenario in case.spelled_out().values():
            assert scenario.actions(), name


def test_the_folder_moves_as_one(tmp_path):
    folder = tmp_path / "a"
    draft(WOOD).write(folder)
    shutil.move(folder, tmp_path / "b")
    assert load_case(tmp_path / "b").target == "BLR"
