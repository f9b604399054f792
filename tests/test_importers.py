"""Tables as they are published, and long tables, become worlds whose accounts close."""

from __future__ import annotations

import csv
import tracemalloc
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest

import detente
from detente import World, WorldError, import_flows, import_world
from detente.errors import MissingExtraError
from tables import Numbers, wiod_rows, write_figaro, write_icio

PLAIN = {"BLR": "BLR", "ROW": "ROW"}
EXTENDED = {"BLR": "BLR", "CN1": "CHN", "CN2": "CHN", "MX1": "MEX", "MX2": "MEX"}


def rules(world: World) -> dict[str, tuple[int, float | None]]:
    return {r["rule"]: (r["count"], r["value"]) for r in world.data.attrs["rules"]}


def rule(world: World, words: str) -> tuple[int, float | None]:
    found = [v for k, v in rules(world).items() if words in k]
    assert len(found) == 1, f"{words!r} in {list(rules(world))}"
    return found[0]


def inputs_of(world: World) -> np.ndarray:
    d = world.data
    made = (1 - d["beta"]) * world.output
    return (d["gamma"] * made).transpose("country", "input", "sector").values


def accounts_close(world: World) -> None:
    d = world.data
    final = d["alpha"] * world.income
    use = inputs_of(world)
    np.testing.assert_allclose(d["X"].values, use.sum(2) + final.values, rtol=1e-10)
    np.testing.assert_allclose(
        world.output.values.sum(1), use.sum((1, 2)) + d["VA"].values, rtol=1e-10
    )
    assert abs(float(d["D"].sum())) < 1e-9 * float(d["VA"].sum())


# -- OECD ---------------------------------------------------------------------------------------


def test_a_regular_icio_table_comes_in_cell_by_cell(tmp_path: Path) -> None:
    table = write_icio(tmp_path / "2022_SML.csv", PLAIN)
    world = import_world("oecd-icio", tmp_path / "2022_SML.csv", elasticities=4.0)
    assert (world.countries, list(world.sectors)) == (["BLR", "ROW"], ["A01", "C20"])
    assert (world.name, world.units) == ("oecd-icio-2022", "million USD")
    assert world.data.attrs["year"] == 2022
    assert rules(world) == {}
    sold = sum(v for (r, c), v in table.items() if r == "BLR_C20" and c.startswith("ROW_"))
    found = world.trade.sel(origin="BLR", destination="ROW", sector="C20")
    assert float(found) == pytest.approx(sold, rel=1e-12)
    used = table["BLR_A01", "ROW_C20"] + table["ROW_A01", "ROW_C20"]
    assert inputs_of(world)[1, 0, 1] == pytest.approx(used, rel=1e-12)
    assert world.name_of("ROW") == "Rest of the world"
    assert world.name_of("BLR") == "Belarus"
    accounts_close(world)


def test_china_and_mexico_become_one_country_each(tmp_path: Path) -> None:
    table = write_icio(tmp_path / "2022_EXT.csv", EXTENDED)
    world = import_world("oecd-icio", tmp_path / "2022_EXT.csv", elasticities=4.0)
    assert world.countries == ["BLR", "CHN", "MEX"]
    assert rule(world, "added up") == (8, None)
    china = [(r, c) for r, c in table if r in ("CN1_C20", "CN2_C20") and c.startswith("MX1_")]
    china += [(r, c) for r, c in table if r in ("CN1_C20", "CN2_C20") and c.startswith("MX2_")]
    china += [(r, c) for r, c in table if r in ("CN1_C20", "CN2_C20") and c.startswith("MEX_")]
    found = world.trade.sel(origin="CHN", destination="MEX", sector="C20")
    assert float(found) == pytest.approx(sum(table[at] for at in china), rel=1e-12)
    accounts_close(world)


def test_inventories_drawn_down_are_netted_against_other_final_use(tmp_path: Path) -> None:
    def draw(table: Numbers) -> None:
        table["BLR_A01", "ROW_INVNT"] = -3.0

    table = write_icio(tmp_path / "2022_SML.csv", PLAIN, change=draw)
    world = import_world("oecd-icio", tmp_path / "2022_SML.csv", elasticities=4.0)
    assert rules(world) == {
        "inventories drawn down, netted against other final use of the same goods": (1, 3.0)
    }
    sold = sum(v for (r, _), v in table.items() if r == "BLR_A01")
    made = world.output.sel(country="BLR", sector="A01")
    assert float(made) == pytest.approx(sold, rel=1e-12)
    accounts_close(world)


def test_final_use_below_zero_is_made_with_the_inputs_it_takes(tmp_path: Path) -> None:
    def draw(table: Numbers) -> None:
        for final in ("HFCE", "NPISH", "GGFC", "GFCF"):
            table["BLR_A01", f"ROW_{final}"] = 0.0
        table["BLR_A01", "ROW_INVNT"] = -20.0

    path = tmp_path / "2022_SML.csv"
    table = write_icio(path, PLAIN, change=draw)
    world = import_world("oecd-icio", path, elasticities=4.0)
    makers = [f"{c}_{s}" for c in ("BLR", "ROW") for s in ("A01", "C20")]
    Z = np.array([[table[r, c] for c in makers] for r in makers])
    out = np.array([sum(v for (r, _), v in table.items() if r == m) for m in makers])
    more = np.linalg.solve(np.eye(4) - Z / out, np.array([20.0, 0, 0, 0]))
    np.testing.assert_allclose(world.output.values.ravel(), out + more, rtol=1e-12)
    assert rule(world, "final use below zero") == (1, pytest.approx(20.0))
    assert rule(world, "gross output added")[1] == pytest.approx(more.sum(), rel=1e-12)
    share = inputs_of(world).sum(1).ravel() / world.output.values.ravel()
    np.testing.assert_allclose(share, Z.sum(0) / out, rtol=1e-12)
    accounts_close(world)


def test_inputs_beyond_output_and_sectors_without_output_are_counted(tmp_path: Path) -> None:
    def change(table: Numbers) -> None:
        for key in list(table):
            if key[0] == "BLR_T":
                table[key] = 0.0
        table["ROW_C20", "BLR_C20"] = 900.0

    path = tmp_path / "2022_SML.csv"
    table = write_icio(path, PLAIN, ("A01", "C20", "T"), change)
    world = import_world("oecd-icio", path, elasticities=4.0)
    over, beyond = rule(world, "inputs exceed their output")
    paid = {m: sum(v for (_, c), v in table.items() if c == m) for m in ("BLR_C20", "BLR_T")}
    made = {m: sum(v for (r, _), v in table.items() if r == m) for m in paid}
    assert over == 2
    assert beyond == pytest.approx(sum(paid[m] - made[m] for m in paid))
    assert rule(world, "without output") == (1, None)
    assert float(world.data["beta"].sel(country="BLR", sector="C20")) == pytest.approx(0, abs=1e-12)
    accounts_close(world)


def test_negative_inputs_and_what_does_not_fit_stated_totals_are_counted(tmp_path: Path) -> None:
    def change(table: Numbers) -> None:
        table["ROW_A01", "BLR_C20"] = -1.5

    path = tmp_path / "2022_SML.csv"
    write_icio(path, PLAIN, change=change)
    text = path.read_text().splitlines()
    head, *numbers = text[-1].split(",")
    text[-1] = ",".join([head, str(float(numbers[0]) + 7), *numbers[1:]])
    path.write_text("\n".join(text) + "\n")
    world = import_world("oecd-icio", path, elasticities=4.0)
    assert rule(world, "sales to producers below zero") == (1, 1.5)
    assert rule(world, "stated output") == (1, pytest.approx(7.0))
    assert rule(world, "stated value added") == (1, pytest.approx(1.5))
    accounts_close(world)


def test_tariffs_are_paid_by_users_and_part_of_the_net_taxes(tmp_path: Path) -> None:
    path = tmp_path / "2022_SML.csv"
    table = write_icio(path, PLAIN)
    rates = pd.DataFrame(
        [("BLR", "ROW", "C20", 0.25)], columns=["origin", "destination", "sector", "value"]
    )
    rates.to_csv(tmp_path / "rates.csv", index=False)
    plain = import_world("oecd-icio", path, elasticities=4.0)
    world = import_world("oecd-icio", path, elasticities=4.0, tariff=tmp_path / "rates.csv")
    np.testing.assert_allclose(world.trade.values, plain.trade.values, rtol=1e-12)
    duties = 0.25 * (table["BLR_C20", "ROW_A01"] + table["BLR_C20", "ROW_C20"])
    fell = plain.data["VA"] - world.data["VA"]
    np.testing.assert_allclose(fell.values, [0, duties], atol=1e-9)
    accounts_close(world)


def test_a_year_is_taken_out_of_an_archive_of_several(tmp_path: Path) -> None:
    for year in (2021, 2022):
        write_icio(tmp_path / f"{year}_SML.csv", PLAIN)
    archive = tmp_path / "2016-2022_SML.zip"
    with ZipFile(archive, "w") as packed:
        for year in (2021, 2022):
            packed.write(tmp_path / f"{year}_SML.csv", f"{year}_SML.csv")
    assert import_world("oecd-icio", archive, year=2021).data.attrs["year"] == 2021
    with pytest.raises(WorldError, match=r"holds 2021_SML.csv, 2022_SML.csv: say which year"):
        import_world("oecd-icio", archive)
    with pytest.raises(WorldError, match="0 of them are of 2019"):
        import_world("oecd-icio", archive, year=2019)


def test_editions_before_2023_have_other_names_for_rows_and_sectors(tmp_path: Path) -> None:
    path = tmp_path / "ICIO2021_2018.csv"
    write_icio(path, PLAIN, ("01T02", "20"))
    text = path.read_text().replace("\nTLS,", "\nBLR_TAXSUB,").replace("\nVA,", "\nVALU,")
    path.write_text(text.replace("\nOUT,", "\nOUTPUT,").replace(",OUT\n", ",TOTAL\n"))
    world = import_world("oecd-icio", path)
    assert list(world.sectors) == ["A01T02", "C20"]
    assert world.data["theta"].values.tolist() == [2.91, 10.56]
    assert rules(world) == {}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("\nBLR_C20,", "\nBLR_C20,x", "2022_SML.csv, line 3, column BLR_A01: 'x.*' is no number"),
        ("\nROW_C20,", "\nUSA_C20,", "a row USA C20 without a column"),
        ("\nVA,", "\nWHAT,", "line 7: no such row in an ICIO table: 'WHAT'"),
        ("V1,BLR_A01", "V1,something", "no OECD ICIO table, .* not 'something'"),
        ("V1,BLR_A01", "V1,BLR_C20", "no column for BLR A01"),
        (",BLR_HFCE", ",BLR_C21", "no column for ROW C21"),
        ("V1,", "date;of;some;other;table\n", "no OECD ICIO table"),
    ],
)
def test_faults_of_an_icio_file_are_told_with_their_place(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    path = tmp_path / "2022_SML.csv"
    write_icio(path, PLAIN)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(WorldError, match=words):
        import_world("oecd-icio", path)


def test_a_file_that_is_cut_off_or_missing_or_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "2022_SML.csv"
    write_icio(path, PLAIN)
    lines = path.read_text().splitlines(keepends=True)
    (tmp_path / "short.csv").write_text("".join(lines[:3]))
    with pytest.raises(WorldError, match="no row for ROW A01 and 1 more; the file may be cut off"):
        import_world("oecd-icio", tmp_path / "short.csv", year=2022)
    (tmp_path / "middle.csv").write_text("".join(lines[:3]) + lines[3][:40])
    with pytest.raises(WorldError, match="line 4: .* cells where the head has .* cut off"):
        import_world("oecd-icio", tmp_path / "middle.csv", year=2022)
    with pytest.raises(WorldError, match="cannot be read: No such file"):
        import_world("oecd-icio", tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(bytes(range(128, 256)))
    with pytest.raises(WorldError, match="no CSV file"):
        import_world("oecd-icio", tmp_path / "binary.csv")
    (tmp_path / "noyear.csv").write_text("".join(lines))
    with pytest.raises(WorldError, match="of which year"):
        import_world("oecd-icio", tmp_path / "noyear.csv")
    with pytest.raises(WorldError, match="did you mean 'oecd-icio'"):
        import_world("oecd", path)


def test_a_table_is_read_row_by_row(tmp_path: Path) -> None:
    """Memory is that of the numbers, not of the text, which is several times as large."""
    countries = {f"C{n:02d}": f"C{n:02d}" for n in range(12)}
    path = tmp_path / "2022_SML.csv"
    write_icio(path, countries, tuple(f"C{n:02d}" for n in range(10, 26)))
    numbers = 8 * (12 * 16) * (12 * 16)
    with path.open("a") as file:
        file.write("\n" * 3_000_000)
    import_world("oecd-icio", tmp_path / "2022_SML.csv", elasticities=4.0)
    tracemalloc.start()
    import_world("oecd-icio", tmp_path / "2022_SML.csv", elasticities=4.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 3_000_000
    assert peak < 6 * numbers


# -- FIGARO and WIOD ----------------------------------------------------------------------------


def test_figaro_is_the_same_in_both_formats(tmp_path: Path) -> None:
    matrix = tmp_path / "matrix_eu-ic-io_ind-by-ind_25ed_2022.csv"
    flat = tmp_path / "flatfile_eu-ic-io_ind-by-ind_25ed_2022.csv"
    table = write_figaro(matrix)
    write_figaro(flat, flat=True)
    world, other = import_world("figaro", matrix), import_world("figaro", flat)
    assert world == other
    assert world.countries == ["AUT", "GRC", "ROW"]
    assert world.units == "million USD"
    assert "euros at 1.0530 US dollars" in world.data.attrs["provenance"]
    sold = sum(v for (r, c), v in table.items() if r == "AT_B" and c.startswith("EL_"))
    found = world.trade.sel(origin="AUT", destination="GRC", sector="B")
    assert float(found) == pytest.approx(1.053 * sold, rel=1e-12)
    netted = "inventories drawn down, netted against other final use of the same goods"
    assert rules(world) == {netted: (1, pytest.approx(1.053 * 2.5))}
    assert world.data["theta"].values.tolist() == [2.91, 3.41, 8.21]
    accounts_close(world)
    (tmp_path / "2022.csv").write_text("a,b\n1,2\n")
    with pytest.raises(WorldError, match="no FIGARO table"):
        import_world("figaro", tmp_path / "2022.csv")


def test_text_in_a_flat_figaro_file_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "flatfile_2022.csv"
    write_figaro(path, flat=True)
    lines = path.read_text().splitlines(keepends=True)
    lines[4] = lines[4].rpartition(",")[0] + ",n/a\n"
    path.write_text("".join(lines))
    with pytest.raises(WorldError, match=r"line 5, column obsValue: 'n/a' is no number"):
        import_world("figaro", path)


@pytest.mark.parametrize("form", ["sheet", "semicolons", "r", "workbook"])
def test_wiod_is_the_same_in_all_its_forms(tmp_path: Path, form: str) -> None:
    table, rows = wiod_rows(for_r=form == "r")
    path = tmp_path / ("WIOT2014_Nov16_ROW.xlsx" if form == "workbook" else "WIOT2014_ROW.csv")
    if form == "workbook":
        pd.DataFrame(rows).to_excel(path, index=False, header=False, engine="openpyxl")
    else:
        separator = ";" if form == "semicolons" else ","
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=separator)
            for row in rows:
                decimal = [
                    str(c).replace(".", ",") if separator == ";" and isinstance(c, float) else c
                    for c in row
                ]
                writer.writerow(decimal)
    world = import_world("wiod", path)
    assert world.countries == ["AUS", "ROW"]
    assert list(world.sectors) == ["A01", "C10T12"]
    assert world.name_of("A01") == "Crop and animal production, hunting"
    sold = sum(v for (r, c), v in table.items() if r == "AUS2" and c.startswith("ROW"))
    found = world.trade.sel(origin="AUS", destination="ROW", sector="C10T12")
    assert float(found) == pytest.approx(sold, rel=1e-12)
    assert rules(world) == {}
    accounts_close(world)


def test_faults_of_a_wiod_file_are_told(tmp_path: Path) -> None:
    _, rows = wiod_rows()
    path = tmp_path / "WIOT2014.csv"
    rows[6][5] = "x"
    pd.DataFrame(rows).to_csv(path, index=False, header=False)
    with pytest.raises(WorldError, match="row AUS A01, column AUS 2: 'x' is no number"):
        import_world("wiod", path)
    (tmp_path / "2014.xlsb").write_bytes(b"no workbook")
    with pytest.raises(WorldError, match="no workbook that can be read"):
        import_world("wiod", tmp_path / "2014.xlsb")
    (tmp_path / "2014.csv").write_text("a,b\n1,2\n")
    with pytest.raises(WorldError, match="no WIOD table"):
        import_world("wiod", tmp_path / "2014.csv")


def test_without_calamine_a_workbook_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)
    (tmp_path / "2014.xlsb").touch()
    with pytest.raises(MissingExtraError, match=r"detente\[tables\]"):
        import_world("wiod", tmp_path / "2014.xlsb")


# -- long tables --------------------------------------------------------------------------------


@pytest.fixture
def flows() -> dict[str, pd.DataFrame]:
    C, S = ("BLR", "RUS"), ("C20", "K")
    trade = [(o, d, s, 50.0 if o == d else 10.0) for o in C for d in C for s in S]
    use = [(c, i, s, 5.0) for c in C for i in S for s in S]
    return {
        "trade": pd.DataFrame(trade, columns=["origin", "destination", "sector", "value"]),
        "use": pd.DataFrame(use, columns=["country", "input", "sector", "value"]),
    }


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "xlsx"])
def test_long_tables_come_from_files_of_every_kind(
    tmp_path: Path, flows: dict[str, pd.DataFrame], kind: str
) -> None:
    for name, table in flows.items():
        path = tmp_path / f"{name}.{kind}"
        if kind == "parquet":
            table.to_parquet(path)
        elif kind == "xlsx":
            table.to_excel(path, index=False, engine="openpyxl")
        else:
            table.to_csv(path, index=False, sep="\t" if kind == "tsv" else ",")
    world = import_flows(tmp_path / f"trade.{kind}", tmp_path / f"use.{kind}", year=2020)
    assert world == World.from_flows(flows["trade"], flows["use"], theta="fontagne")
    assert world.data.attrs["year"] == 2020


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("value", 3, "1 000"), r"trade \(trade.csv\), row 5 \(BLR, RUS, K\): .* is no number"),
        (("value", 3, None), r"missing trade \(trade.csv\): no value at .* \(row 5\)"),
        (("sector", 2, None), r"trade \(trade.csv\), row 4: no sector"),
        (("sector", 1, "C20"), r"trade \(trade.csv\), row 3: two rows for BLR, BLR, C20"),
    ],
)
def test_faults_of_a_long_file_name_file_row_and_column(
    tmp_path: Path, flows: dict[str, pd.DataFrame], change: tuple[str, int, object], words: str
) -> None:
    column, row, value = change
    table = flows["trade"].astype(object)
    table.loc[row, column] = value
    table.to_csv(tmp_path / "trade.csv", index=False)
    with pytest.raises(WorldError, match=words):
        import_flows(tmp_path / "trade.csv", flows["use"], year=2020)


def test_columns_by_other_names_are_told_in_a_file(
    tmp_path: Path, flows: dict[str, pd.DataFrame]
) -> None:
    flows["trade"].rename(columns={"origin": "exporter"}).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(WorldError, match=r"trade \(t.csv\) .*'exporter': 'origin'"):
        import_flows(tmp_path / "t.csv", flows["use"], year=2020)
    with pytest.raises(WorldError, match="tables are CSV, Parquet or workbooks, not .txtx"):
        import_flows(tmp_path / "t.txtx", flows["use"], year=2020)
    with pytest.raises(WorldError, match="cannot be read: No such file"):
        import_flows(tmp_path / "none.csv", flows["use"], year=2020)
    with pytest.raises(WorldError, match="no use of inputs"):
        import_flows(flows["trade"], year=2020)


def test_percent_in_place_of_a_rate_is_refused(flows: dict[str, pd.DataFrame]) -> None:
    rates = flows["trade"].assign(value=0.05)
    rates.loc[2, "value"] = 25
    words = r"tariff of 25 at origin BLR, destination RUS, sector C20: .* did you mean 0.25\?"
    with pytest.raises(WorldError, match=words):
        World.from_flows(flows["trade"], flows["use"], theta=4.0, tariff=rates)
    rates.loc[2, "value"] = np.inf
    with pytest.raises(WorldError, match="tariff of inf"):
        World.from_flows(flows["trade"], flows["use"], theta=4.0, tariff=rates)


def test_customs_data_borrow_technology_and_sales_at_home(flows: dict[str, pd.DataFrame]) -> None:
    known = detente.load_world("icio2022")
    customs = flows["trade"].query("origin != destination").assign(origin=lambda t: t["origin"])
    world = import_flows(customs, year=2022, borrow=known)
    assert rule(world, "own technology") == (2, None)
    at_home = known.trade.sel(origin="BLR", destination="BLR", sector="C20")
    abroad = known.trade.sel(origin="BLR", sector="C20").sum() - at_home
    found = world.trade.sel(origin="BLR", destination="BLR", sector="C20")
    assert float(found) == pytest.approx(10 * float(at_home / abroad), rel=1e-9)
    accounts_close(world)


def test_technology_is_of_those_a_country_is_like_or_of_the_world(
    flows: dict[str, pd.DataFrame],
) -> None:
    known = detente.load_world("icio2022")
    trade = flows["trade"].replace({"BLR": "KGZ", "RUS": "UZB"})
    world = import_flows(trade, year=2022, borrow=known, like={"KGZ": ["Kazakhstan"]})
    assert rule(world, "that of others") == (2, None)
    d = known.data
    made = ((1 - d["beta"]) * d["gamma"]).transpose("country", "input", "sector")
    share = made.sel(country="KAZ", input="C20", sector="C20")
    assert inputs_of(world)[0, 0, 0] == pytest.approx(60 * float(share), rel=1e-9)
    output = known.output.sel(sector="C20")
    mean = (made.sel(input="C20", sector="C20") * output).sum() / output.sum()
    assert inputs_of(world)[1, 0, 0] == pytest.approx(60 * float(mean), rel=1e-9)
    accounts_close(world)
    with pytest.raises(WorldError, match="sector 'C99' is none of icio2022's"):
        import_flows(trade.replace({"C20": "C99"}), year=2022, borrow=known)
