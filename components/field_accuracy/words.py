"""Field accuracy in words: how much was compared, what that proves, and the page's answer."""

from __future__ import annotations

from components.field_accuracy.assess import Accuracy, Count, Field, Limits
from components.layout import numbers

_NAMED = 3


def coverage(count: Count | None) -> str:
    """Full or sampled, with what the sample leaves open."""
    if count is None or count.compared == 0:
        return "not compared"
    if not count.sampled:
        return "full comparison, no sampling error"
    share = numbers.percentage(count.compared, count.population)
    words = f"sample of {count.compared:,} from {count.population:,} ({share})"
    return f"{words}; {possible(count)}" if count.high is not None else words


def possible(count: Count) -> str:
    """What a sample leaves open: the upper bound, as a share and as values."""
    if count.high is None:
        return ""
    most = round(count.high * count.population)
    return (
        f"up to {most:,} values ({numbers.proportion_text(count.high, count.high / 10)}) may "
        "differ, with 95% confidence"
    )


def differs(count: Count | None) -> str:
    """How many of the compared values differ."""
    return numbers.MISSING if count is None else numbers.share(count.differing, count.compared)


def limit(field: Field, allowed: Limits | None) -> str:
    """The limit that judges a field."""
    if allowed is None:
        return "no limit in the policy"
    if field.critical:
        return f"at most {allowed.critical:f}" if allowed.critical else "no difference"
    return f"at most {numbers.proportion_text(float(allowed.share), float(allowed.share))}"


def answer(run: str, found: Accuracy) -> str:
    """The one sentence of the page: how many fields are over their limit, and who says so."""
    if not found.fields:
        return f"{run}: no field has been compared."
    total = len(found.fields)
    failing = found.failing
    if not failing:
        sentence = f"{run}: none of {total:,} fields is over its limit"
    else:
        verb = "is over its limit" if len(failing) == 1 else "are over their limit"
        sentence = f"{run}: {len(failing):,} of {total:,} fields {verb}"
        critical = [field for field in failing if field.critical]
        if critical:
            sentence += f"; critical: {_named(critical)}"
    return f"{sentence}. {agreement(found)}"


def agreement(found: Accuracy) -> str:
    """Whether the pipeline's claim holds against our recount."""
    if not found.recounted:
        return "This is the pipeline's own claim: nothing has been recounted."
    wrong = found.disagreements
    if not wrong:
        return f"The pipeline's claim agrees with our recount of {found.recounted:,} fields."
    if len(wrong) == 1:
        return f"The pipeline's claim about {_named(list(wrong))} contradicts what we counted."
    return (
        f"The pipeline's claims about {len(wrong):,} of {found.recounted:,} recounted fields "
        "contradict what we counted."
    )


def verdict(field: Field) -> str:
    """What the comparison of claim and recount says about one field."""
    if field.recount is None:
        return "not recounted"
    if field.claim is None:
        return "claims nothing; we found differences" if field.agrees is False else "claims nothing"
    if field.agrees:
        return "agrees, within what its sample can show" if field.claim.sampled else "agrees"
    if field.claim.differing < field.recount.differing:
        return "contradicts: claims too few"
    return "contradicts: claims too many"


def _named(fields: list[Field]) -> str:
    names = [f"{field.table}.{field.name}" for field in fields[:_NAMED]]
    more = len(fields) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more else "")
