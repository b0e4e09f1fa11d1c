"""What stands before a question: nothing, one line, or the long text of the published system's first runs."""

from __future__ import annotations

from trap.studies.traces.language import COMPUTE, EXPERTS, FIELDS, OPERATIONS, OWN

MINIMAL = f"You have these experts: {', '.join(EXPERTS)}. Answer with a trace.\n"


def verbose() -> str:
    """Every expert with all its operations and their fields, and an example: about 450 tokens."""
    lines = [
        "You turn a word problem into a trace that a solver runs. Write YAML and nothing else.",
        "A trace has the keys expert and trace. The trace is a list of steps; each step has the key op.",
        "Never compute: the solver does that. Copy the numbers of the problem as they are.",
        "Experts:",
    ]
    for expert in EXPERTS:
        own = ", ".join(OWN.get(expert, ())) or "the common operations only"
        lines.append(f"- {expert}: {own}")
    lines.append("Operations and their fields:")
    for op in dict.fromkeys(name for expert in EXPERTS for name in sorted(OPERATIONS[expert])):
        lines.append(f"- {op}: {', '.join(FIELDS[op]) or 'any text, without effect'}")
    lines += [
        "init has value or source besides. A source is prev.result, the answer of the part before.",
        f"A compute_op is one of {', '.join(COMPUTE)}. The args are variables or numbers.",
        "A problem for several experts becomes a list of traces, one for each expert, in order.",
        "Every trace ends with a query of a variable that was computed.",
        "Example: A box holds 3 pens. There are 4 boxes. How many pens are there?",
        "expert: arithmetic",
        "trace:",
        "- {op: init, var: a, value: 3}",
        "- {op: init, var: b, value: 4}",
        "- {op: compute, compute_op: mul, args: [a, b], var: r1}",
        "- {op: query, var: r1}",
    ]
    return "\n".join(lines) + "\n"


PROMPTS = {"question": "", "minimal": MINIMAL, "verbose": verbose()}
