"""rounds.py - medians, intervals and ratios of the rounds of one row"""
import math
import os
import statistics
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from compare import summarize  # noqa: E402, after the path is set


OWN = "libvit"
FLOAT32 = "libvit float32"  # beside libvit in a lower precision; not a peer


def ratio(over, under):
    """The median of the rounds' ratios and its 95 % interval, or the extremes of few rounds: what
    the machine does over seconds cancels within a round."""
    found = summarize([a / b for a, b in zip(over, under)])
    return found["ratio"], found["low"], found["high"]


def share(row, answer, library):
    """Median share of the peak, and its interval."""
    return ratio([row.operations / s for s in answer["seconds"][library]], answer["peak"])


def quiet_share(row, answer, library):
    """The share of the peak that a tenth of the rounds reach. What shares a core with the machine,
    such as a hardware thread of another virtual machine, slows a matmul more than the peak."""
    found = sorted(row.operations / s / p
                   for s, p in zip(answer["seconds"][library], answer["peak"]))
    return found[-1 - len(found) // 10]


def over_library(answer, library):
    """libvit's speed over another library's or way's; None if one was not measured."""
    seconds = answer["seconds"]
    if library not in seconds or not has_figure(seconds[library]):
        return None
    return ratio(seconds[library], seconds[OWN])


def error(answer, library, inputs):
    """The rms error of a result, relative to the result; None: not measured."""
    return answer.get("errors", {}).get(library, {}).get(inputs)


def has_figure(seconds):
    """Of a peer in another process the overhead of a call is subtracted; a disturbed row may leave
    nothing."""
    return min(seconds) > 0


def over_peers(answer, but=()):
    """libvit's speed over each peer's: {library: (median, low, high)}."""
    own = answer["seconds"]["libvit"]
    return {p: ratio(s, own) for p, s in answer["seconds"].items()
            if p not in (OWN, FLOAT32) and p not in but and has_figure(s)}


def over_best(answer, but=()):
    """(ratio, low, high, peer) for the peer that libvit is least ahead of; None without peers."""
    found = over_peers(answer, but)
    if not found:
        return None
    best = min(found, key=lambda p: found[p][0])
    return (*found[best], best)


def kept(answer, library):
    """The share of its quiet speed that a library keeps beside the neighbor."""
    return ratio(answer["seconds"][library], answer["seconds_beside"][library])


def fastest_peer(answer):
    """The peer with the smallest quiet median; None without peers."""
    medians = {p: statistics.median(s) for p, s in answer["seconds"].items()
               if p != "libvit" and has_figure(s) and has_figure(answer["seconds_beside"][p])}
    return min(medians, key=medians.get) if medians else None


def geometric_mean(values):
    return math.exp(statistics.fmean(map(math.log, values)))


def scaling(answer):
    """Two threads over one: the library's, and that of the multiply-adds."""
    one, two = answer["seconds_of_threads"]
    peak_one, peak_two = answer["peak_of_threads"]
    return ratio(one, two), ratio(peak_two, peak_one)
