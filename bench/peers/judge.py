"""judge.py - which targets the measured tables of one CPU and level meet"""
import dataclasses

from rounds import (FLOAT32, OWN, fastest_peer, geometric_mean, kept, over_best, over_library,
                    quiet_share, scaling, share)
from tables import LAYERS, LINEAR_ROWS, ODD, WIDTHS

LEVEL, MEAN, FORWARD, AIM = 0.98, 1.03, 1.05, 1.2
ATTENTION, TALL_POINTS, ODD_POINTS = 0.75, 0.02, 0.08
SCALING, MULTIPLY_ADDS = 1.85, 1.95  # two threads over one: the pass, where the peak gets this
ROWS = 1.1
KEPT = 0.9
INT8_SHARE, INT8_ORT, INT8_FORWARD, VNNI_FORWARD = 0.85, 1.05, 1.5, 3
FLOAT16_ONE, FLOAT16_MANY = 1.7, 0.98
ORT = ("ONNX Runtime", "ORT per channel", "ORT 7 bits")


@dataclasses.dataclass
class Verdict:
    """One target: what must hold, how many of its rows were measured, and where it fails."""
    target: str
    measured: int
    wanted: int
    failures: list
    found: str = ""

    def text(self):
        if self.measured == 0:
            return f"not measured  {self.target}"
        state = "fails" if self.failures else "holds"
        if self.measured < self.wanted:
            state += f" for {self.measured} of {self.wanted} rows"
        found = f": {self.found}" if self.found else ""
        lines = [f"{state:12}  {self.target}{found}"]
        return "\n".join(lines + [f"{'':14}{f}" for f in self.failures])


def at_least(target, rows, answers, value, limit, found=None):
    """Every row's value(row, answer) is at least the limit; value has a number and a note, or is
    None for a row that cannot be judged, which counts as not measured."""
    judged = [(r, value(r, answers[r.case])) for r in rows if r.case in answers]
    there = [(r, *v) for r, v in judged if v is not None]
    failures = [f"{r.case} {v:.3f} {note}".rstrip() for r, v, note in there if v < limit]
    text = found([v for _, v, _ in there]) if found and there else ""
    return Verdict(target, len(there), len(rows), failures, text)


def best_of(but):
    def value(_, answer):
        found = over_best(answer, but)
        return (found[0], f"({found[3]})") if found else None
    return value


def share_of(row, answer):
    return share(row, answer, "libvit")[0], ""


def smallest(values):
    return f"least {min(values):.3f}"


def mean_verdict(target, rows, answers, but):
    judged = [best_of(but)(r, answers[r.case]) for r in rows if r.case in answers]
    ratios = [value[0] for value in judged if value is not None]
    if not ratios:
        return Verdict(target, 0, len(rows), [])
    mean = geometric_mean(ratios)
    failures = [] if mean >= MEAN else [f"{mean:.3f}"]
    return Verdict(target, len(ratios), len(rows), failures, f"{mean:.3f}")


def tall_verdict(rows, answers):
    """The share at the largest M against the best M of the same layer."""
    failures, measured = [], 0
    tall = LINEAR_ROWS[-1]
    for model in WIDTHS:
        for layer in LAYERS:
            own = [r for r in rows if r.case.startswith(f"{model}/{layer}/")]
            shares = {r.request["m"]: share_of(r, answers[r.case])[0] for r in own
                      if r.case in answers}
            if tall not in shares or len(shares) < len(LINEAR_ROWS):
                continue
            measured += 1
            best = max(shares, key=shares.get)
            if shares[tall] < shares[best] - TALL_POINTS:
                failures.append(f"{model}/{layer} {100 * shares[tall]:.1f} % at M = {tall}, "
                                f"{100 * shares[best]:.1f} % at {best}")
    return Verdict(f"share of the peak at M = {tall} within {100 * TALL_POINTS:.0f} points of the "
                   "best M", measured, len(WIDTHS) * len(LAYERS), failures)


def odd_verdict(rows, answers):
    shares = {r.case: share_of(r, answers[r.case])[0] for r in rows if r.case in answers}
    measured = [(odd, even) for odd, even in ODD if odd in shares and even in shares]
    failures = [f"{odd} {100 * shares[odd]:.1f} %, {even} {100 * shares[even]:.1f} %"
                for odd, even in measured if shares[odd] < shares[even] - ODD_POINTS]
    target = f"narrow and odd sizes lose at most {100 * ODD_POINTS:.0f} points"
    return Verdict(target, len(measured), len(ODD), failures)


def scaling_value(_, answer):
    """Relative to what the multiply-adds gain, if that is less than MULTIPLY_ADDS."""
    own, peak = scaling(answer)
    return (own[0] / min(1, peak[0] / MULTIPLY_ADDS),
            f"(two threads {own[0]:.3f}, multiply-adds {peak[0]:.3f})")


def verdicts(tables, answers, facts):
    """Of all targets for which there is a table; peers that cannot be held to the level are judged
    with the others, and a second time without them. Where no peer can be held, as on scalar, none
    is judged: they use other instructions."""
    rows = {t.name: t.rows for t in tables}
    held, unheld = facts.get("held", True), facts.get("unheld", [])
    for but in ([()] + ([tuple(unheld)] if unheld else []) if held else []):
        note = f", without {' and '.join(but)}" if but else ""
        for name, what in (("linear", "linear layers"), ("heads", "Q·Kᵀ and P·V")):
            if name in rows:
                yield at_least(f"{what} at least {LEVEL} of the best peer{note}", rows[name],
                               answers[name], best_of(but), LEVEL, smallest)
        if "linear" in rows:
            yield mean_verdict(f"linear layers: geometric mean at least {MEAN}{note}",
                               rows["linear"], answers["linear"], but)
        if "rows" in rows:
            some = [r for r in rows["rows"] if r.request["kind"] in ("softmax", "gelu")]
            yield at_least(f"softmax and GELU at least {ROWS} of the best peer{note}", some,
                           answers["rows"], best_of(but), ROWS, smallest)
    if "attention" in rows:
        yield at_least(f"attention at least {ATTENTION} of the peak", rows["attention"],
                       answers["attention"], share_of, ATTENTION, smallest)
    if "linear" in rows:
        yield tall_verdict(rows["linear"], answers["linear"])
    if "odd" in rows:
        yield odd_verdict(rows["odd"], answers["odd"])
    if "forward" in rows and held:
        yield at_least(f"forward passes at least {FORWARD} of the best peer (aim {AIM})",
                       rows["forward"], answers["forward"], best_of(()), FORWARD, smallest)
    if "scaling" in rows:
        yield at_least(f"two threads at least {SCALING} times one where multiply-adds get "
                       f"{MULTIPLY_ADDS}", rows["scaling"], answers["scaling"], scaling_value,
                       SCALING, smallest)
    yield from lower_verdicts(rows, answers, facts.get("level", ""))


def over_value(library):
    def value(_, answer):
        found = over_library(answer, library)
        return (found[0], "") if found else None
    return value


def over_ort(_, answer):
    """libvit over ONNX Runtime in its fastest way."""
    found = [(over_library(answer, name)[0], f"({name})") for name in ORT
             if over_library(answer, name)]
    return min(found) if found else None


def quiet_text(rows, answers, ratios):
    shares = [quiet_share(r, answers[r.case], OWN) for r in rows if r.case in answers]
    return f"{smallest(ratios)}, in the quietest tenth of the rounds {min(shares):.3f}"


def error_verdict(rows, answers):
    """No peer has a smaller error, for either kind of inputs."""
    failures, measured = [], 0
    for row in rows:
        errors = answers.get(row.case, {}).get("errors", {})
        peers = [p for p in errors if p not in (OWN, FLOAT32)]
        measured += bool(peers)
        failures += [f"{row.case}, {inputs}: {own:.2%}, {p} {errors[p][inputs]:.2%}"
                     for p in peers for inputs, own in errors[OWN].items()
                     if errors[p][inputs] < own]
    return Verdict("int8 matmul: error at most that of each peer", measured, len(rows), failures)


def lower_verdicts(rows, answers, level):
    """The goals of float16 and int8. One that is for other levels has no rows here: its line says
    that it was not measured."""
    def goal(target, name, some, value, limit, found=smallest):
        return at_least(target, some, answers.get(name, {}), value, limit, found)

    int8, forward = rows.get("int8", []), rows.get("forward_int8", [])
    avx2, vnni = level == "avx2", level.endswith("vnni")
    base = [r for r in forward if r.request["model"] == "vit_base_patch16_224" and
            r.batch == 1 and r.threads == 1]
    if "int8" in rows:
        yield goal(f"int8 matmul on AVX2 at least {INT8_SHARE} of the int8 peak", "int8",
                   int8 if avx2 else [], share_of, INT8_SHARE,
                   lambda ratios: quiet_text(int8, answers["int8"], ratios))
        yield goal(f"int8 matmul on AVX2 at least {INT8_ORT} of ONNX Runtime's", "int8",
                   int8 if avx2 else [], over_ort, INT8_ORT)
        yield error_verdict(int8, answers.get("int8", {}))
    if "forward_int8" in rows:
        yield goal(f"ViT-B in int8, batch 1, on AVX2 at least {INT8_FORWARD} times float32",
                   "forward_int8", base if avx2 else [], over_value(FLOAT32), INT8_FORWARD)
        yield goal(f"ViT-B in int8, batch 1, with VNNI at least {VNNI_FORWARD} times float32",
                   "forward_int8", base if vnni else [], over_value(FLOAT32), VNNI_FORWARD)
        yield goal("forward passes in int8 ahead of ONNX Runtime's", "forward_int8", forward,
                   over_ort, 1)
    if "scaling_int8" in rows:
        yield goal(f"int8: two threads at least {SCALING} times one where multiply-adds get "
                   f"{MULTIPLY_ADDS}", "scaling_int8", rows["scaling_int8"], scaling_value, SCALING)
    if "float16" in rows:
        one = [r for r in rows["float16"] if r.request["m"] == 1]
        many = [r for r in rows["float16"] if r.request["m"] > 1]
        yield goal(f"float16, one row: at least {FLOAT16_ONE} times float32", "float16", one,
                   over_value(FLOAT32), FLOAT16_ONE)
        yield goal(f"float16, M from 197: at least {FLOAT16_MANY} of float32's speed", "float16",
                   many, over_value(FLOAT32), FLOAT16_MANY)


def interval(found):
    return f"{found[0]:.3f} ({found[1]:.2f}–{found[2]:.2f})"


def kept_value(_, answer):
    return kept(answer, "libvit")[0], ""


def kept_verdicts(tables, answers, neighbor, facts):
    """Beside a neighbor: what one thread keeps, and whether the fastest peer keeps more."""
    linear = next((t for t in tables if t.name == "linear"), None)
    rows = [r for r in linear.rows if r.request["m"] == 197] if linear else []
    yield at_least(f"beside {neighbor}, M = 197: at least {KEPT} of the quiet speed", rows,
                   answers.get("linear", {}), kept_value, KEPT, smallest)
    if not facts.get("held", True):
        return
    failures, measured, wanted = [], 0, 0
    for table in tables:
        wanted += len(table.rows)
        for row in table.rows:
            answer = answers[table.name].get(row.case)
            best = fastest_peer(answer) if answer else None
            if not best:
                continue
            measured += 1
            own, other = kept(answer, "libvit"), kept(answer, best)
            if own[0] < LEVEL * other[0]:
                failures.append(f"{row.case} keeps {interval(own)}, {best} {interval(other)}")
    target = f"beside {neighbor}: keeps at least {LEVEL} of what the fastest peer keeps"
    yield Verdict(target, measured, wanted, failures)
