"""Claims in a report: sentences that assert an effect, with their speakers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from detente.cases.drafting.acts import Act, Stance
from detente.cases.drafting.gazetteers import words
from detente.cases.drafting.readings import Reading, Setting, readings_of
from detente.cases.drafting.sentences import Sentence
from detente.cases.drafting.speakers import speaker_of


@dataclass(frozen=True)
class Said:
    """A claim: a sentence, its speaker, and a reading or the reason why there is none."""

    sentence: Sentence
    speaker: str | None
    reading: Reading | None = None
    outside: str | None = None


def claims_in(
    sentences: Sequence[Sentence], acts: Sequence[Act], senders: Sequence[str], target: str
) -> list[Said]:
    """All claims of a report, each with its speaker."""
    text = " ".join(s.text for s in sentences)
    main = _main_stance(acts)
    found: list[Said] = []
    speaker: str | None = None
    for sentence in sentences:
        if sentence.heading:
            continue
        speaker = speaker_of(sentence, speaker, text)
        found += _claims(sentence, speaker, acts, main, senders, target)
    return found


def _main_stance(acts: Sequence[Act]) -> Stance:
    firm = [a.stance for a in acts if a.stance in ("ease", "impose") and a.mode != "denied"]
    return "ease" if firm.count("ease") > firm.count("impose") else "impose"


def _claims(
    sentence: Sentence,
    speaker: str | None,
    acts: Sequence[Act],
    main: Stance,
    senders: Sequence[str],
    target: str,
) -> Iterator[Said]:
    own = [a for a in acts if a.sentence is sentence]
    cause, said_cause = _cause(own, main)
    supposed = sentence.has("mode", "supposed", "planned")
    readings = list(readings_of(sentence, Setting(cause, said_cause, senders, target)))
    if readings and not (speaker or supposed or own):
        return
    yield from (Said(sentence, speaker, reading) for reading in readings)
    reason = _outside(sentence, bool(readings))
    feeling = sentence.has("outside", "0") and (sentence.has("place") or sentence.has("people"))
    if reason and (speaker or feeling):
        yield Said(sentence, speaker, outside=reason)


def _cause(own: Sequence[Act], main: Stance) -> tuple[Stance, bool]:
    """What the effect is of: easing or imposing; and whether the sentence says so."""
    stances = [a.stance for a in own]
    if "ease" in stances:
        return "ease", True
    if "impose" in stances or "named" in stances or "keep" in stances:
        return "impose", True
    return main, False


def _outside(sentence: Sentence, tested: bool) -> str | None:
    """Why no metric fits, by the words that say it."""
    marks = sentence.of("outside")
    if not marks or (tested and marks[0].value != "1"):
        return None
    if tested and sentence.has("object"):
        return None
    reasons: list[str] = list(words()["outside"])
    return reasons[int(marks[0].value)]
