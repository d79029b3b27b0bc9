#!/usr/bin/python3
"""plots.py - draws the plots of docs/performance.md from the output of results.py

Usage: plots.py RESULTS.json DIRECTORY
"""
import itertools
import json
import os
import re
import sys
import textwrap

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({
    "svg.fonttype": "none",   # text stays text, not outlines
    "svg.hashsalt": "libvit",  # the same numbers give the same bytes
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#d9d9d9",
    "legend.frameon": False,
})
from matplotlib import pyplot  # noqa: E402, after the back end is chosen

# Colors of Okabe and Ito 2008, which color-blind readers can tell apart; the markers differ too.
LEVELS = [("#0072b2", "o"), ("#56b4e9", "o"), ("#332288", "o")]  # of libvit, strongest first
PEERS = {
    "oneDNN": ("#e69f00", "s"),
    "OpenBLAS": ("#009e73", "^"),
    "BLIS": ("#cc79a7", "D"),
    "ONNX Runtime": ("#d55e00", "v"),
    "PyTorch": ("#999999", "P"),
}
SPARE = [("#000000", "X"), ("#a6761d", "<"), ("#f0e442", ">")]
WIDTH = 9.0  # inches


def series_of(result):
    return " ".join(filter(None, (result["library"], result.get("level"))))


def style_of(name, names, styles):
    """Color, marker, and whether it is hollow: that of a peer limited to a lower level is."""
    library = name if name in styles else name.rpartition(" ")[0]
    if library in styles:
        return *styles[library], library != name
    unknown = [n for n in names if n not in styles and n.rpartition(" ")[0] not in styles]
    return *SPARE[unknown.index(name) % len(SPARE)], False


def ordered(names, styles):
    """libvit first, its fastest level first, then the peers in the order of the results."""
    known = [n for n in styles if n in names]
    return known + [n for n in dict.fromkeys(names) if n not in styles]


def styles_of(levels):
    """The style of each of libvit's levels, which come weakest first, then of each peer."""
    strongest_first = [f"libvit {level}" for level in reversed(levels) if level != "scalar"]
    return dict(zip(strongest_first, itertools.cycle(LEVELS))) | PEERS


class Results:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        self.context = report["context"]
        self.styles = styles_of(self.context["bench"]["levels"].split())
        # scalar is the readable reference: its speed does not represent the library
        # nor does a peer that ran above the level that it is compared on
        self.all = [r for r in report["results"]
                    if r.get("level") != "scalar" and r.get("held", True)]

    def of(self, run, group, **wanted):
        found = [r for r in self.all if r["run"] == run and r["group"] == group and
                 all(r.get(k, 1) == v for k, v in wanted.items())]
        if not found:
            command = {"bench": "make bench BENCH=--benchmark_out=…", "peers": "make bench-peers"}
            sys.exit(f"plots.py: {group}: expected measurements, found none; "
                     f"`{command[run]}` without a filter makes them")
        return found

    def footer(self, *runs):
        lines = []
        for run in runs:
            c = self.context[run]
            who = {"bench": f"libvit {c.get('version', '')}".strip()}.get(
                run, ", ".join(f"{k} {v}" for k, v in c.get("libraries", {}).items()))
            said = f"{c['date'][:10]}, {c['cpu']}, commit {c['commit']}, {c['compiler']}; {who}"
            if run == "peers" and c.get("missing"):
                said += "; missing: " + "; ".join(c["missing"])
            lines += textwrap.wrap(said, 125)
        return "\n".join(lines)


def save(figure, footer, directory, name):
    """Saves the figure with the legend of its first panel on top and the footer below."""
    height = figure.get_figheight()
    bottom = (0.25 + 0.16 * (footer.count("\n") + 1)) / height
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper left", ncol=6, handletextpad=0.4, columnspacing=1.4)
    figure.tight_layout(rect=(0, bottom, 1, 1 - 0.3 / height))
    figure.text(0.01, 0.08 / height, footer, fontsize=7.5, color="#444444", linespacing=1.4)
    os.makedirs(directory, exist_ok=True)
    figure.savefig(os.path.join(directory, name), facecolor="white", metadata={"Date": None})
    pyplot.close(figure)


def dots(axes, results, value, styles):
    """One line for each case, with one marker for each library."""
    cases = list(dict.fromkeys(r["case"] for r in results))
    names = ordered([series_of(r) for r in results], styles)
    for name in names:
        color, mark, hollow = style_of(name, names, styles)
        own = [r for r in results if series_of(r) == name and value(r) is not None]
        axes.plot([value(r) for r in own], [cases.index(r["case"]) for r in own], mark,
                  color=color, label=name, markersize=5.5 if hollow else 7,
                  markerfacecolor="none" if hollow else color,
                  markeredgecolor=color if hollow or mark == "P" else "white",
                  zorder=3 if name.startswith("libvit") else 2)
    axes.set_yticks(range(len(cases)), cases)
    axes.set_ylim(len(cases) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.grid()
    axes.tick_params(length=0)


def percent_axis(axes, label):
    axes.set_xlim(0, max(100, axes.get_xlim()[1]))
    axes.set_xlabel(label)


def share(result):
    found = result.get("peak_share_median", result.get("peak_share"))
    return None if found is None else 100 * found


# Of the many shapes of bench-peers: ViT-B's linear layers for one image and eight, and its heads.
PLOTTED = re.compile(r"vit_b/\w+/(197|1576)x|[qp]_[kv]/")


def plot_matmul(results, directory):
    matmul = [r for r in results.of("peers", "matmul", threads=1) if PLOTTED.match(r["case"])]
    attention = results.of("bench", "attention")
    one_row = [dict(r, case=r["case"].removeprefix("one_row/")) for r in
               results.of("bench", "matmul") if r["case"].startswith("one_row/")]
    count = len({r["case"] for r in matmul})
    figure, (top, middle, low) = pyplot.subplots(
        3, 1, figsize=(WIDTH, 0.3 * count + 5.2),
        gridspec_kw={"height_ratios": [count, 3.6, 3.6]})
    dots(top, matmul, share, results.styles)
    percent_axis(top, "matmul, one thread: % of the multiply-add peak")
    dots(middle, attention, share, results.styles)
    percent_axis(middle, "attention (tokens × heads × head_dim): % of the peak")
    dots(low, one_row, lambda r: 100 * r["bandwidth_share"], results.styles)
    percent_axis(low, "one row, weights in L2, L3, memory: % of the read bandwidth there")
    save(figure, results.footer("peers", "bench"), directory, "matmul.svg")


def plot_rows(results, directory):
    rows = results.of("peers", "rows", threads=1)
    figure, axes = pyplot.subplots(figsize=(WIDTH, 0.3 * len({r["case"] for r in rows}) + 1.6))
    dots(axes, rows, lambda r: r["ns_per_element"], results.styles)
    axes.set_xlabel("row operations, one thread: ns per element, lower is better")
    save(figure, results.footer("peers"), directory, "rows.svg")


def milliseconds(result):
    return 1e3 * result["seconds_median"] / result.get("batch", 1)


def plot_forward(results, directory):
    forward = results.of("peers", "forward")
    models = list(dict.fromkeys(r["case"] for r in forward))
    names = ordered([series_of(r) for r in forward], results.styles)
    settings = sorted({(r.get("batch", 1), r.get("threads", 1)) for r in forward})
    across = min(3, len(models))
    lines = -(-len(models) // across)
    figure, panels = pyplot.subplots(
        lines, across, sharey=True, squeeze=False,
        figsize=(WIDTH, lines * ((0.22 * len(names) + 0.15) * len(settings) + 1) + 0.7))
    height = 0.8 / len(names)
    for axes in panels.flat[len(models):]:
        axes.set_visible(False)
    for axes, model in zip(panels.flat, models):
        for i, name in enumerate(names):
            found = {(r.get("batch", 1), r.get("threads", 1)): milliseconds(r) for r in forward
                     if r["case"] == model and series_of(r) == name}
            for j, setting in enumerate(settings):
                y = j - 0.4 + height * (i + 0.5)
                ms = found.get(setting)
                axes.barh(y, ms or 0, 0.92 * height, color=style_of(name, names, results.styles)[0],
                          label=name if j == 0 else None)
                axes.text(ms or 0, y, " missing" if ms is None else f" {ms:.3g}", va="center",
                          fontsize=8)
        axes.set_yticks(range(len(settings)),
                        [f"batch {b}\n{t} thread{'s' * (t > 1)}" for b, t in settings])
        axes.set_ylim(len(settings) - 0.5, -0.5)
        axes.set_xlim(0, 1.18 * axes.get_xlim()[1])
        axes.set_xlabel(f"{model}\nms per image")
        axes.grid(axis="x")
        axes.tick_params(length=0)
    save(figure, results.footer("peers"), directory, "forward.svg")


def plot_scaling(results, directory):
    level = results.context["bench"]["default_level"]
    forward = [r for r in results.of("bench", "forward", level=level)
               if "." not in r["case"]]  # of a lower precision, such as vit_base_patch16_224.int8
    models = list(dict.fromkeys(r["case"] for r in forward))
    threads = sorted({r["threads"] for r in forward})
    batches = sorted({r["batch"] for r in forward})
    figure, panels = pyplot.subplots(1, len(models), figsize=(WIDTH, 3.9), sharey=True,
                                     squeeze=False)
    for axes, model in zip(panels[0], models):
        ms = {(r["batch"], r["threads"]): r["ms_per_image"] for r in forward if r["case"] == model}
        if (1, 1) not in ms:
            sys.exit(f"plots.py: {model}: expected a measurement of one image on one thread, found "
                     "none; `make bench BENCH=--benchmark_out=…` without a filter makes it")
        axes.plot(threads, threads, ":", color="#666666", label="linear scaling")
        for batch, (color, mark) in zip(batches, [LEVELS[0], PEERS["oneDNN"]]):
            on = [t for t in threads if (batch, t) in ms]
            speeds = [ms[1, 1] / ms[batch, t] for t in on]
            axes.plot(on, speeds, mark + "-", color=color, label=f"batch {batch}")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log", base=2)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(matplotlib.ticker.FixedLocator(threads))
            axis.set_major_formatter(matplotlib.ticker.FormatStrFormatter("%d"))
            axis.set_minor_locator(matplotlib.ticker.NullLocator())
        axes.margins(0.15)
        axes.set_xlabel(f"threads\n{model}")
        axes.grid()
    panels[0][0].set_ylabel(f"speedup over\n1 image, 1 thread ({level})")
    save(figure, results.footer("bench"), directory, "scaling.svg")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.split("\n\n")[1].strip())
    results = Results(sys.argv[1])
    for plot in (plot_matmul, plot_rows, plot_forward, plot_scaling):
        plot(results, sys.argv[2])


if __name__ == "__main__":
    main()
