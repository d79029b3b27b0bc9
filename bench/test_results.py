#!/usr/bin/python3
"""test_results.py - the names of the files in bench/history"""
import json
import os
import tempfile
import unittest

import results


class Names(unittest.TestCase):
    def test_a_cpu_has_a_short_name(self):
        for cpu, name in (
                ("Zen 4 (AuthenticAMD, family 25, model 0x11, AMD EPYC)", "zen4"),
                ("Zen 3+ (AuthenticAMD, family 25, model 0x44)", "zen3plus"),
                ("Emerald Rapids (GenuineIntel, family 6, model 0xcf)", "emerald-rapids"),
                ("Neoverse N1 (0x41, family 0, model 0xd0c)", "neoverse-n1"),
                ("unknown microarchitecture (GenuineIntel, family 6, model 0xff, Intel(R) Xeon(R))",
                 "genuineintel-family6-model0xff")):
            self.assertEqual(results.short_name(cpu), name)

    def test_two_cpus_or_versions_are_not_mixed(self):
        zen4 = {"cpu": "Zen 4 (x)", "version": "1.2.3"}
        self.assertEqual(results.history_name({"bench": zen4, "peers": zen4}), "1.2.3-zen4.json")
        for other in ({"cpu": "Zen 3 (x)"}, {"version": "1.2.4"}):
            with self.assertRaisesRegex(results.Unusable, "expected the same in both files"):
                results.history_name({"bench": zen4, "peers": zen4 | other})

    def test_every_stored_file_is_named_after_its_cpu(self):
        history = os.path.join(os.path.dirname(os.path.abspath(__file__)), "history")
        for name in sorted(os.listdir(history)):
            with open(os.path.join(history, name), encoding="utf-8") as file:
                context = json.load(file)["context"]
            self.assertRegex(name, r"^([0-9a-f]+-)?\d+\.\d+\.\d+-[a-z0-9-]+\.json$")
            if "bench" in context:
                self.assertEqual(context["bench"]["cpu"], context["peers"]["cpu"], name)

    def test_the_context_of_every_level_is_kept(self):
        with tempfile.TemporaryDirectory() as directory:
            paths = [os.path.join(directory, n) for n in ("bench.json", "peers.json")]
            contexts = ({"cpu": "Zen 4 (x)"}, {"cpu": "Zen 4 (x)", "libraries_avx2": {"BLIS": "1"}})
            for path, context, what in zip(paths, contexts, ("benchmarks", "results")):
                with open(path, "w", encoding="utf-8") as file:
                    json.dump({"context": context, what: []}, file)
            found = results.merge(*paths)["context"]["peers"]
            self.assertEqual(found["libraries_avx2"], {"BLIS": "1"})


if __name__ == "__main__":
    unittest.main()
