#!/usr/bin/python3
"""test_peers.py - the stored rows, the report and the judgment of bench-peers, without a peer"""
import contextlib
import io
import json
import os
import shutil
import stat
import tempfile
import unittest
from unittest import mock

import judge
import report
import rounds
import run
import store
import tables

FAKE = '''#!/usr/bin/python3
# Answers requests as bench/peers/run does, always with the same numbers; ends after LIMIT answers.
import json, os, sys
if "--levels" in sys.argv:
    print(json.dumps(["avx2", "scalar"])); sys.exit()
state = os.environ["FAKE_STATE"]
print(json.dumps({"cpu": os.environ.get("FAKE_CPU", "Zen 9 (test)"), "caches": "L2",
    "version": "9", "commit": "c", "compiler": "cc", "flags": "",
    "level": sys.argv[sys.argv.index("--isa") + 1],
    "cpus": int(os.environ.get("FAKE_CPUS", 2)), "one_core": False, "settings": ["A=1"],
    "models": True, "libraries": {"libvit": "9", "BLIS": "1"}, "missing": ["oneDNN: gone"],
    "unheld": [], "held": "scalar" not in sys.argv, "peak": 1e15}), flush=True)
for line in sys.stdin:
    with open(state, "a") as file:
        file.write(line)
    with open(state) as file:
        if len(file.readlines()) > int(os.environ.get("FAKE_LIMIT", 1000000)):
            sys.exit(1)
    request = json.loads(line)
    m, r = request["m"], request["rounds"]
    work = 2e-12 * m * request["n"] * request.get("k", 1)
    print(json.dumps({"seconds": {"libvit": [work * (1 + i / 100) for i in range(r)],
        "BLIS": [1.1 * work * (1 + i / 100) for i in range(r)]}, "peak": [1e12] * r,
        "processor_share": 1}), flush=True)
'''


class Runs(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.build = self.directory.name
        program = os.path.join(self.build, "bench/peers/run")
        os.makedirs(os.path.dirname(program))
        self.state = os.path.join(self.build, "asked")
        with open(program, "w", encoding="utf-8") as file:
            file.write(FAKE)
        os.chmod(program, stat.S_IRWXU)

    def run_it(self, *options, **environment):
        out = io.StringIO()
        environment = {f"FAKE_{k.upper()}": str(v) for k, v in environment.items()}
        environment["FAKE_STATE"] = self.state
        with mock.patch.dict(os.environ, environment), contextlib.redirect_stdout(out):
            run.main(["--build", self.build, "--only", "odd", "--rounds", "3", *options])
        return out.getvalue()

    def asked(self):
        with open(self.state, encoding="utf-8") as file:
            return len(file.readlines())

    def forget_asked(self):
        os.remove(self.state)

    @staticmethod
    def figures(text):
        """A report without its plan, whose times depend on what is stored."""
        return [line for line in text.splitlines() if "rows, " not in line]

    def test_a_cut_run_goes_on_to_the_report_of_an_uncut_one(self):
        whole = self.run_it()
        rows = self.asked()
        self.forget_asked()
        with self.assertRaisesRegex(run.Failed, "ended with status 1"):
            self.run_it(limit=4)
        self.assertEqual(self.asked(), 5)
        resumed = self.run_it("--resume")
        self.assertEqual(self.figures(resumed), self.figures(whole))
        self.assertIn(f"{rows} rows, 4 of them stored", resumed)
        self.assertEqual(self.asked(), 5 + rows - 4)
        again = self.run_it("--resume")
        self.assertEqual(self.figures(again), self.figures(whole))
        self.assertEqual(self.asked(), 5 + rows - 4)

    def test_without_resume_everything_is_measured_anew(self):
        self.run_it()
        rows = self.asked()
        self.run_it()
        self.assertEqual(self.asked(), 2 * rows)

    def test_rows_of_another_program_cpu_or_rounds_are_refused(self):
        self.run_it()
        rows = self.asked()
        out = self.run_it("--resume", cpu="Zen 8 (test)")
        self.assertIn("not used", out)
        self.assertIn("another cpu", out)
        self.assertEqual(self.asked(), 2 * rows)
        with open(os.path.join(self.build, "bench/peers/run"), "a", encoding="utf-8") as file:
            file.write("# another build\n")
        self.assertIn("another program", self.run_it("--resume", cpu="Zen 8 (test)"))
        self.assertEqual(self.asked(), 3 * rows)
        self.run_it("--resume", "--rounds", "4", cpu="Zen 8 (test)")
        self.assertEqual(self.asked(), 4 * rows)

    def test_rows_of_another_script_or_program_are_refused(self):
        with tempfile.TemporaryDirectory() as scripts:
            for name in ("first", *run.SCRIPTS):
                with open(os.path.join(scripts, name), "w", encoding="utf-8") as file:
                    file.write("1\n")
            shutil.move(os.path.join(scripts, "first"), os.path.join(self.build, "bench/peers"))
            with mock.patch.object(run, "__file__", os.path.join(scripts, "run.py")):
                self.run_it()
                for path in [os.path.join(self.build, "bench/peers/first"),
                             *(os.path.join(scripts, name) for name in run.SCRIPTS)]:
                    self.assertNotIn("not used", self.run_it("--resume"))
                    with open(path, "a", encoding="utf-8") as file:
                        file.write("2\n")
                    self.assertIn("another " + os.path.basename(path), self.run_it("--resume"))

    def test_scalar_is_not_judged_against_peers_on_their_best_level(self):
        self.assertIn("of the best peer", self.run_it("--only", "linear"))
        out = self.run_it("--only", "linear", "--isa", "scalar")
        self.assertNotIn("of the best peer", out)
        self.assertNotIn("geometric mean at least", out)
        self.assertIn("libvit on scalar, others on the CPU's best level", out)
        self.assertIn("no library can be held to scalar", out)
        self.assertIn("points of the best M", out)

    def test_a_damaged_part_is_not_used(self):
        self.run_it()
        with open(os.path.join(self.build, "bench-peers/avx2-odd.json"), "w",
                  encoding="utf-8") as file:
            file.write('{"key": 1')
        self.assertIn("not a stored table", self.run_it("--resume"))

    def test_a_run_out_of_time_says_what_is_left(self):
        out = self.run_it("--minutes", "0")
        self.assertIn("not measured  narrow and odd sizes", out)
        self.assertRegex(out, r"0 of 11 rows measured; the same command with --resume")

    def test_one_processor_has_no_neighbor(self):
        out = self.run_it("--neighbor", "read", "--only", "linear", cpus=1)
        self.assertRegex(out, r"^0 of 16 rows run: .* needs another$")

    def test_runs_are_compared_where_their_keys_are_the_same(self):
        other = os.path.join(self.build, "other")
        self.run_it("--store", other)
        self.assertIn("odd: 2 runs, 11 of 11 rows compared: libvit over the best differs by 0.000",
                      self.run_it("--agree", other))
        out = self.run_it("--agree", other, cpu="Zen 8 (test)")
        self.assertIn("not compared", out)
        self.assertNotIn("2 runs", out)

    def test_wrong_options_are_errors(self):
        with self.assertRaisesRegex(run.Failed, "expected some of linear, .* found x"):
            self.run_it("--only", "x")
        with self.assertRaisesRegex(run.Failed, "--isa: expected one of avx2, scalar, found avx9"):
            self.run_it("--isa", "avx9")

    def test_the_flat_file_has_both_libraries(self):
        self.run_it()
        with open(os.path.join(self.build, "bench-peers.json"), encoding="utf-8") as file:
            found = json.load(file)
        self.assertEqual(found["context"]["cpu"], "Zen 9 (test)")
        self.assertEqual({r["library"] for r in found["results"]}, {"libvit", "BLIS"})
        own = [r for r in found["results"] if r["library"] == "libvit"][0]
        self.assertAlmostEqual(own["over_best"], 1.1)
        self.assertEqual((own["best_peer"], own["level"]), ("BLIS", "avx2"))


def answer(shares, count=7, peak=1e12, operations=1e9):
    """Rounds in which each library has that share of the peak."""
    return {"seconds": {p: [operations / peak / s] * count for p, s in shares.items()},
            "peak": [peak] * count}


def row(case, m=197, operations=1e9, kind="matmul"):
    return tables.Row(case, {"kind": kind, "m": m, "rounds": 7}, operations)


class Judgment(unittest.TestCase):
    def verdicts(self, name, rows, answers, facts=None):
        found = judge.verdicts([tables.Table(name, "", "share", rows)],
                               {name: answers}, facts or {})
        return {v.target: v for v in found}

    def test_a_row_behind_the_best_peer_fails_and_is_named(self):
        rows = [row("vit_s/qkv/a"), row("vit_s/qkv/b")]
        found = self.verdicts("linear", rows, {
            "vit_s/qkv/a": answer({"libvit": 0.9, "BLIS": 0.8, "oneDNN": 0.91}),
            "vit_s/qkv/b": answer({"libvit": 0.8, "BLIS": 0.7, "oneDNN": 0.83})})
        level = found["linear layers at least 0.98 of the best peer"]
        self.assertEqual(level.failures, ["vit_s/qkv/b 0.964 (oneDNN)"])
        mean = found["linear layers: geometric mean at least 1.03"]
        self.assertEqual((mean.measured, len(mean.failures)), (2, 1))

    def test_a_peer_not_held_to_the_level_is_judged_with_and_without(self):
        found = self.verdicts("heads", [row("q_k/a")], {
            "q_k/a": answer({"libvit": 0.8, "BLIS": 0.7, "ONNX Runtime": 0.9})},
            {"unheld": ["ONNX Runtime"]})
        self.assertTrue(found["Q·Kᵀ and P·V at least 0.98 of the best peer"].failures)
        self.assertFalse(
            found["Q·Kᵀ and P·V at least 0.98 of the best peer, without ONNX Runtime"].failures)

    def test_rows_that_are_missing_do_not_hold(self):
        target = "attention at least 0.75 of the peak"
        some = {"a": answer({"libvit": 0.8})}
        verdict = self.verdicts("attention", [row("a"), row("b")], some)[target]
        self.assertIn("holds for 1 of 2 rows", verdict.text())
        verdict = self.verdicts("attention", [row("a")], {})[target]
        self.assertEqual(verdict.text(), "not measured  " + target)

    def test_efficiency_at_the_tallest_is_compared_with_the_best(self):
        rows = [row(f"vit_b/qkv/{m}x", m) for m in tables.LINEAR_ROWS]
        for tall, fails in ((0.885, False), (0.875, True)):
            answers = {r.case: answer({"libvit": 0.9, "BLIS": 0.5}) for r in rows[:-1]}
            answers[rows[-1].case] = answer({"libvit": tall, "BLIS": 0.5})
            (verdict,) = [v for t, v in self.verdicts("linear", rows, answers).items()
                          if "points of the best M" in t]
            self.assertEqual((verdict.measured, bool(verdict.failures)), (1, fails))

    def test_odd_sizes_are_compared_with_even_ones(self):
        odd, even = tables.ODD[0]
        for low, fails in ((0.83, False), (0.81, True)):
            answers = {odd: answer({"libvit": low}), even: answer({"libvit": 0.9})}
            (verdict,) = [v for t, v in self.verdicts("odd", [row(odd), row(even)], answers).items()
                          if "odd sizes" in t]
            self.assertEqual((verdict.measured, bool(verdict.failures)), (1, fails))

    def test_a_row_without_a_peer_does_not_hold(self):
        for target, verdict in self.verdicts("linear", [row("a")], {
                "a": answer({"libvit": 0.8})}).items():
            if "peer" in target:
                self.assertEqual(verdict.text(), "not measured  " + target)

    def test_scaling_is_judged_by_what_multiply_adds_gain(self):
        for peak, fails in ((1.95, True), (1.8, False), (2.0, True)):
            some = {"seconds_of_threads": [[1.0] * 7, [1 / 1.8] * 7],
                    "peak_of_threads": [[1.0] * 7, [peak] * 7]}
            (verdict,) = self.verdicts("scaling", [row("m")], {"m": some}).values()
            self.assertEqual(bool(verdict.failures), fails, peak)

    def test_beside_a_neighbor_the_fastest_peer_counts(self):
        some = answer({"libvit": 0.9, "BLIS": 0.4, "oneDNN": 0.8})
        some["seconds_beside"] = {p: [t / k for t in some["seconds"][p]] for p, k in
                                  (("libvit", 0.85), ("BLIS", 0.99), ("oneDNN", 0.84))}
        table = tables.Table("linear", "", "beside", [row("vit_s/qkv/a")])
        answers = {"linear": {"vit_s/qkv/a": some}}
        least, peer = judge.kept_verdicts([table], answers, "read", {})
        self.assertEqual(least.failures, ["vit_s/qkv/a 0.850"])
        self.assertEqual((peer.measured, peer.failures), (1, []))
        some["seconds_beside"]["oneDNN"] = [t / 0.88 for t in some["seconds"]["oneDNN"]]
        _, peer = judge.kept_verdicts([table], answers, "read", {})
        self.assertEqual(len(peer.failures), 1)
        (alone,) = judge.kept_verdicts([table], answers, "read", {"held": False})
        self.assertEqual(alone.target, least.target)


def lower(shares, errors=None):
    """An answer in a lower precision, with the errors of normal inputs, and twice these."""
    some = answer(shares)
    if errors:
        some["errors"] = {p: {"normal": e, "outliers": 2 * e} for p, e in errors.items()}
    return some


class Lower(unittest.TestCase):
    def verdicts(self, name, rows, answers, level="avx2"):
        found = judge.verdicts([tables.Table(name, "", "share", rows)], {name: answers},
                               {"level": level, "unheld": ["ONNX Runtime"]})
        return {v.target: v for v in found}

    @staticmethod
    def goal(verdicts, *words):
        (found,) = [v for t, v in verdicts.items() if all(w in t for w in words)]
        return found

    def test_int8_is_judged_by_its_peak_and_by_each_way_of_onnx_runtime(self):
        rows = [row("a"), row("b")]
        answers = {"a": lower({"libvit": 0.86, "libvit float32": 0.5, "ONNX Runtime": 0.8,
                               "ORT per channel": 0.83, "oneDNN": 0.9}),
                   "b": lower({"libvit": 0.84, "libvit float32": 0.5, "ONNX Runtime": 0.7})}
        found = self.verdicts("int8", rows, answers)
        share = self.goal(found, "AVX2", "of the int8 peak")
        self.assertEqual(share.failures, ["b 0.840"])
        self.assertIn("quietest tenth of the rounds 0.840", share.text())
        self.assertEqual(self.goal(found, "AVX2", "ONNX Runtime's").failures,
                         ["a 1.036 (ORT per channel)"])

    def test_goals_of_another_level_are_not_measured(self):
        some = {"a": lower({"libvit": 0.5, "libvit float32": 0.4, "ONNX Runtime": 0.4})}
        found = self.verdicts("int8", [row("a")], some, "avx512vnni")
        self.assertIn("not measured", self.goal(found, "of the int8 peak").text())
        base = tables.Row("b", {"kind": "forward", "model": "vit_base_patch16_224", "m": 1})
        for level, vnni, avx2 in (("avx512vnni", 1, 0), ("avx2", 0, 1)):
            found = self.verdicts("forward_int8", [base], {"b": some["a"]}, level)
            self.assertEqual(self.goal(found, "with VNNI").measured, vnni)
            self.assertEqual(self.goal(found, "on AVX2").measured, avx2)

    def test_a_peer_with_a_smaller_error_is_named(self):
        shares = {"libvit": 0.8, "libvit float32": 0.4, "oneDNN": 0.7}
        for peer, fails in ((0.02, 0), (0.005, 2)):
            some = {"a": lower(shares, {"libvit": 0.01, "libvit float32": 0.0, "oneDNN": peer})}
            found = self.goal(self.verdicts("int8", [row("a")], some), "error")
            self.assertEqual((found.measured, len(found.failures)), (1, fails))

    def test_float16_is_judged_at_one_row_and_at_many(self):
        rows = [row("one", m=1), row("many", m=197)]
        for one, many, fails in ((1.8, 1.0, (0, 0)), (1.6, 0.97, (1, 1))):
            some = {"one": lower({"libvit": 0.5, "libvit float32": 0.5 / one}),
                    "many": lower({"libvit": 0.5, "libvit float32": 0.5 / many})}
            found = self.verdicts("float16", rows, some)
            self.assertEqual(tuple(len(self.goal(found, "float16", w).failures)
                                   for w in ("one row", "M from 197")), fails)

    def test_libvit_in_float32_is_not_a_peer(self):
        some = lower({"libvit": 0.5, "libvit float32": 0.6, "oneDNN": 0.4})
        self.assertEqual(rounds.over_best(some)[3], "oneDNN")
        self.assertIsNone(rounds.over_best(lower({"libvit": 0.5, "libvit float32": 0.6})))

    def test_errors_stand_below_the_speed(self):
        lines = []
        table = tables.Table("int8", "int8", "share", [row("a")])
        some = {"a": lower({"libvit": 0.8, "libvit float32": 0.4, "oneDNN": 0.7},
                           {"libvit": 0.01, "oneDNN": 0.02})}
        report.print_table(table, some, "7", lines.append)
        self.assertRegex(lines[3], "error, normal +1 % +– +2 %$")
        self.assertRegex(lines[4], "error, outliers +2 % +– +4 %$")
        self.assertRegex(lines[2], r"2\.00 \(2\.00–2\.00\)  1\.143 .* oneDNN$")
        (own, *_) = report.flat_results(table, some, {"level": "avx2"}, False)
        self.assertEqual((own["error_outliers"], own["over_float32"]), (0.02, 2.0))


class Numbers(unittest.TestCase):
    def test_ratios_are_taken_within_a_round(self):
        drift = [1, 1, 1, 2, 2, 2, 4]
        some = {"seconds": {"libvit": drift, "BLIS": [1.2 * d for d in drift],
                            "oneDNN": [1.5 * d for d in drift]}, "peak": [1] * 7}
        found = rounds.over_best(some)
        self.assertAlmostEqual(found[0], 1.2)
        self.assertAlmostEqual(found[1], found[2])
        self.assertEqual(found[3], "BLIS")
        self.assertEqual(rounds.over_best(some, ("BLIS",))[3], "oneDNN")
        some["seconds"]["BLIS"][0] = -0.1  # less than the overhead of its calls
        self.assertEqual(rounds.over_best(some)[3], "oneDNN")

    def test_the_tables_have_the_targets_shapes(self):
        found = {t.name: t for t in tables.all_tables(2)}
        self.assertEqual({r.request["m"] for r in found["linear"].rows}, {50, 197, 577, 1370, 1576})
        self.assertEqual(len(found["linear"].rows), 60)
        self.assertEqual(len(found["heads"].rows), 8)
        self.assertEqual(len(found["forward"].rows), 20)
        slow = {r.request["rounds"] for r in found["forward"].rows
                if r.request["model"] in tables.SLOW and r.batch == 8}
        self.assertEqual(slow, {5})
        single = {t.name: t for t in tables.all_tables(2, batches=(1,))}["forward"].rows
        self.assertEqual(single, [r for r in found["forward"].rows if r.batch == 1])
        self.assertNotIn("scaling", [t.name for t in tables.all_tables(1)])
        self.assertNotIn("scaling_int8", [t.name for t in tables.all_tables(1)])
        self.assertEqual([t.name for t in tables.select(list(found.values()), ["lower"])],
                         ["int8", "float16", "forward_int8", "scaling_int8"])
        self.assertEqual({r.request["precision"] for r in found["int8"].rows}, {"int8"})
        self.assertEqual(len(found["int8"].rows), 24)
        self.assertEqual([t.name for t in tables.select(list(found.values()), ["matmul"])],
                         ["linear", "heads", "odd"])

    def test_flops_are_the_librarys(self):
        # libvit info: vit_base_patch16_224 has 35.1 GFLOP, dinov2 at 518 has 302
        self.assertAlmostEqual(1e-9 * tables.flops("vit_base_patch16_224"), 35.1, delta=0.1)

    def test_a_part_is_whole_or_absent(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "a/b.json")
            store.write_json(path, {"x": 1})
            with self.assertRaises(TypeError):
                store.write_json(path, {"x": object()})
            with open(path, encoding="utf-8") as file:
                self.assertEqual(json.load(file), {"x": 1})

    def test_a_table_says_how_many_rows_are_missing(self):
        lines = []
        table = tables.Table("odd", "narrow", "share", [row("a"), row("b")])
        report.print_table(table, {"a": answer({"libvit": 0.8, "BLIS": 0.5})}, "7", lines.append)
        self.assertEqual(lines[-1], "1 of 2 rows measured")


if __name__ == "__main__":
    unittest.main()
