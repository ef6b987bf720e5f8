"""The rows for people: on the terminal and in docs/performance.md."""
import json

from . import machine

BEGIN = "<!-- measured: begin (tests/bench/compare --update-docs) -->"
END = "<!-- measured: end -->"
DOCUMENT = machine.REPOSITORY / "docs/performance.md"

VERDICTS = {True: "yes", False: "**no**", None: "–"}


def conditions(about):
    physical = {True: "hyper-threads of one core", False: "different physical cores"}
    where = physical.get(about["same_physical_core"], "cores of unknown relation")
    return (
        f"{about['date']}, commit {about['commit']}, {about['cores']} cores ({about['cpu']}), "
        f"Linux {about['kernel'].split('-')[0]}, target on CPython {about['python']}; "
        f"target on core {about['target_core']}, tools on core {about['recorder_core']}, {where}. "
        f"Load when it began: {about['load_at_start']:.1f}; of both cores' time, "
        f"{about['others_share']:.0%} went to other processes and "
        f"{about['stolen_share']:.1%} to the hypervisor."
    )


def markdown(about, rows):
    lines = []
    if about["provisional"]:
        lines += [f"**Provisional**: {about['provisional']}", ""]
    lines += [
        conditions(about), "",
        "| what | reach | looptrace | peer | reached |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (row.what, row.reach, row.found, row.peer, VERDICTS[row.met])
        lines.append("| " + " | ".join(cells) + " |")
    lines.append("")
    for row in rows:
        if row.remarks:
            lines.append(f"- {row.what}: {'; '.join(row.remarks)}.")
    return "\n".join(lines)


def text(about, rows):
    lines = [conditions(about)]
    if about["provisional"]:
        lines.append(f"PROVISIONAL: {about['provisional']}")
    for row in rows:
        lines += ["", f"{row.what}    [{row.reach}]", f"    looptrace  {row.found}"]
        if row.peer != "–":
            lines.append(f"    peer       {row.peer}")
        lines.append(f"    reached    {VERDICTS[row.met].strip('*')}")
        lines += [f"    {remark}" for remark in row.remarks]
    return "\n".join(lines)


def as_json(about, rows):
    return json.dumps({"machine": about, "rows": [vars(row) for row in rows]}, default=vars)


def update_document(about, rows):
    """Replaces what lies between the markers."""
    document = DOCUMENT.read_text()
    before, rest = document.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{markdown(about, rows)}\n\n{END}{after}")
