"""report.py - prints the tables that were measured"""
import statistics

from rounds import (FLOAT32, error, fastest_peer, geometric_mean, has_figure, kept, over_best,
                    over_library, quiet_share, scaling, share)

BUSY = 0.97  # below this share of a processor a row says so: times are real time


def columns(tables):
    """The libraries of a table's answers, libvit first, in the order of the answers."""
    return list(dict.fromkeys(p for answer in tables for p in answer["seconds"]))


def percent(found):
    return f"{100 * found[0]:.1f} ({100 * found[1]:.0f}–{100 * found[2]:.0f})"


def figure(table, row, answer, library):
    seconds = answer["seconds"].get(library)
    if seconds is None or not has_figure(seconds):
        return "–"
    if table.unit == "share":
        return percent(share(row, answer, library))
    if table.unit == "ns":
        return f"{1e9 * statistics.median(seconds) / row.elements:.3f}"
    return f"{1e3 * statistics.median(seconds) / row.batch:.1f}"


def notes(answer):
    found = answer.get("processor_share", 1)
    lost = f"{100 * (1 - found):.0f} %"
    return f"  other programs had the processor for {lost}" if found < BUSY else ""


def best_text(answer):
    found = over_best(answer)
    return f"{found[0]:.3f} ({found[1]:.2f}–{found[2]:.2f}) {found[3]}" if found else ""


UNITS = {
    "share": "% of the multiply-add peak (int8's of int8), median and its 95 % interval "
             "(all, below 6 rounds)",
    "ns": "ns per element, medians",
    "ms": "ms per image, medians",
    "beside": "% of its quiet speed that each keeps beside the neighbor, and the interval",
}


def error_lines(answer, names, width):
    """The error of each library's result, below its speed: one line for each kind of inputs."""
    kinds = dict.fromkeys(k for errors in answer.get("errors", {}).values() for k in errors)
    for inputs in kinds:
        found = [error(answer, n, inputs) for n in names]
        cells = "".join(f" {'–' if e is None else f'{100 * e:.3g} %':>16}" for e in found)
        yield f"{'  error, ' + inputs:{width}}{cells}"


def float32_text(answer):
    found = over_library(answer, FLOAT32)
    return f"  {found[0]:5.2f} ({found[1]:.2f}–{found[2]:.2f})" if found else ""


def print_compared(table, rows, answers, out):
    names = columns(answers[r.case] for r in rows)
    over = any(n not in ("libvit", FLOAT32) for n in names)
    width = max(20, *(len(r.case) for r in rows))
    lower = FLOAT32 in names
    share_too = table.unit == "ms" and not lower
    out(f"{'':{width}}" + "".join(f" {n:>16}" for n in names) +
        ("  libvit's share" if share_too else "") + ("  over float32     " if lower else "") +
        ("  libvit over the best" if over else ""))
    for row in rows:
        answer = answers[row.case]
        line = "".join(f" {figure(table, row, answer, n):>16}" for n in names)
        if share_too:
            line += f"  {percent(share(row, answer, 'libvit')):>14}"
        line += float32_text(answer)
        out(f"{row.case:{width}}{line}  {best_text(answer)}{notes(answer)}".rstrip())
        for text in error_lines(answer, names, width):
            out(text)
    ratios = [over_best(answers[r.case])[0] for r in rows if over_best(answers[r.case])]
    if ratios:
        out(f"libvit over the best, geometric mean of {len(ratios)}: {geometric_mean(ratios):.3f}")


def print_beside(rows, answers, out):
    names = columns(answers[r.case] for r in rows)
    width = max(len(r.case) for r in rows)
    out(f"{'':{width}}" + "".join(f" {n:>16}" for n in names) + "  fastest peer, quiet")
    for row in rows:
        answer = answers[row.case]
        line = "".join(f" {percent(kept(answer, n)) if n in answer['seconds'] else '–':>16}"
                       for n in names)
        out(f"{row.case:{width}}{line}  {fastest_peer(answer) or ''}{notes(answer)}".rstrip())


def print_scaling(rows, answers, out):
    for row in rows:
        own, peak = scaling(answers[row.case])
        out(f"{row.case:40} libvit {own[0]:.3f} ({own[1]:.2f}–{own[2]:.2f})  "
            f"multiply-adds alone {peak[0]:.3f} ({peak[1]:.2f}–{peak[2]:.2f})")


def print_start(rows, answers, out):
    for row in rows:
        answer = answers[row.case]
        first, warm = (statistics.median(answer[k]) for k in ("first", "warm"))
        out(f"{row.case}: from its directory, files in the page cache, one thread: {first:.3f} s, "
            f"{first - warm:.3f} s more than a warm pass; "
            f"peak RSS {1e-6 * statistics.median(answer['bytes']):.0f} MB")


def print_table(table, answers, rounds, out=print, unlike=None):
    """The rows that are there; says how many if some are not. unlike: the level of libvit, if the
    peers cannot be held to it."""
    rows = [r for r in table.rows if r.case in answers]
    unit = UNITS.get(table.unit)
    peers = f"; libvit on {unlike}, others on the CPU's best level" if unlike else ""
    out(f"\n{table.title}" + (f": {unit}" if unit else "") + f"; {rounds} rounds{peers}")
    if rows and table.unit == "scaling":
        print_scaling(rows, answers, out)
    elif rows and table.unit == "start":
        print_start(rows, answers, out)
    elif rows and table.unit == "beside":
        print_beside(rows, answers, out)
    elif rows:
        print_compared(table, rows, answers, out)
    if len(rows) < len(table.rows):
        out(f"{len(rows)} of {len(table.rows)} rows measured")


def agreement(table, runs):
    """The largest and the median spread of libvit over the best peer between runs of a table."""
    spreads = {}
    for row in table.rows:
        found = [over_best(run[row.case])[0] for run in runs
                 if "seconds" in run.get(row.case, {}) and over_best(run[row.case])]
        if len(found) == len(runs):
            spreads[row.case] = max(found) - min(found)
    if not spreads:
        return None
    worst = max(spreads, key=spreads.get)
    return (f"{table.name}: {len(runs)} runs, {len(spreads)} of {len(table.rows)} rows compared: "
            f"libvit over the best differs by {statistics.median(spreads.values()):.3f} (median), "
            f"{spreads[worst]:.3f} at most ({worst})")


def machine_lines(facts):
    """What the figures are of: the CPU, the library, and the kernels that each peer used."""
    yield f"{facts['cpu']}; {facts['caches']}"
    yield f"{facts['level']}; libvit {facts['version']}, commit {facts['commit']}"
    yield "environment: " + " ".join(facts["settings"])
    unheld = facts.get("unheld", [])
    for name, text in facts["libraries"].items():
        note = ("  not held to the level: it has no such setting, and uses the CPU's best"
                if name in unheld else "")
        yield f"  {name:13} {text}{note}"
    if not facts.get("held", True):
        yield (f"  no library can be held to {facts['level']}: all use the CPU's best, so libvit "
               "is not judged against them")
    for missing in facts["missing"]:
        yield f"  missing: {missing}"
    if facts.get("one_core"):
        yield "  its two processors are one, or hardware threads of one core"


def rounds_text(table):
    return " or ".join(str(r) for r in sorted({r.request["rounds"] for r in table.rows},
                                              reverse=True)) or "0"


GROUPS = {"linear": "matmul", "heads": "matmul", "odd": "matmul"}  # of the other tables: the name


def flat_record(table, row, answer, library, facts):
    """One library's medians of one row."""
    seconds = answer["seconds"][library]
    record = {"group": GROUPS.get(table.name, table.name),
              "case": row.request.get("model", row.case), "library": library,
              "threads": row.threads, "batch": row.batch,
              "seconds_median": statistics.median(seconds),
              "seconds_best_decile": sorted(seconds)[len(seconds) // 10]}
    if library in facts.get("unheld", []):
        record["held"] = False
    if row.operations:
        found = share(row, answer, library)
        record |= {"peak_share_median": found[0], "peak_share_low": found[1],
                   "peak_share_high": found[2],
                   "peak_share_quiet": quiet_share(row, answer, library),
                   "peak_gflops": 1e-9 * statistics.median(answer["peak"])}
    if row.elements:
        record["ns_per_element"] = 1e9 * statistics.median(seconds) / row.elements
    record |= {f"error_{k}": v for k, v in answer.get("errors", {}).get(library, {}).items()}
    best = over_best(answer) if library == "libvit" else None
    if best:
        record |= {"over_best": best[0], "over_best_low": best[1], "over_best_high": best[2],
                   "best_peer": best[3]}
    own = over_library(answer, FLOAT32) if library == "libvit" else None
    if own:
        record |= {"over_float32": own[0], "over_float32_low": own[1], "over_float32_high": own[2]}
    if "seconds_beside" in answer:
        found = kept(answer, library)
        record |= {"kept": found[0], "kept_low": found[1], "kept_high": found[2]}
    return record


def flat_alone(table, row, answer):
    """Of the tables that only libvit is in."""
    record = {"group": table.name, "case": row.case, "library": "libvit"}
    if table.unit == "scaling":
        own, peak = scaling(answer)
        return record | {"two_over_one": own[0], "two_over_one_low": own[1],
                         "two_over_one_high": own[2], "multiply_adds": peak[0]}
    first, warm = (statistics.median(answer[k]) for k in ("first", "warm"))
    return record | {"seconds_median": first, "warm_forward_seconds_median": warm,
                     "peak_rss_bytes": statistics.median(answer["bytes"])}


def flat_results(table, answers, facts, best):
    """The records that bench/results.py and the plots read. On the machine's best level a peer has
    no level: it always runs there."""
    for row in table.rows:
        answer = answers.get(row.case)
        if not answer:
            continue
        if "seconds" not in answer:
            yield flat_alone(table, row, answer) | {"level": facts["level"]}
            continue
        for library in filter(lambda p: has_figure(answer["seconds"][p]), answer["seconds"]):
            record = flat_record(table, row, answer, library, facts)
            if library == "libvit" or not best:
                record["level"] = facts["level"]
            yield record
