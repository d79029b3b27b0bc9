"""store.py - results that outlive a run: one file a level and table, written after every row"""
import hashlib
import json
import os


def digest(path):
    """Of a program that measures; None: there is none."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except FileNotFoundError:
        return None


def write_json(path, value):
    """A reader sees the old file or the new one, never a part."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.write("\n")
    os.replace(path + ".new", path)


class Part:
    """The stored rows of one table on one level. The key is all that the figures depend on: a part
    with another key is never used."""

    def __init__(self, directory, level, table, key, beside=None):
        name = "-".join(filter(None, (level, beside, table)))
        self.path = os.path.join(directory, name + ".json")
        self.key, self.facts, self.answers = key, None, {}

    def load(self):
        """Takes the stored rows; returns why it cannot, or None."""
        try:
            with open(self.path, encoding="utf-8") as file:
                stored = json.load(file)
            key, facts, answers = stored["key"], stored["facts"], stored["answers"]
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            return f"{self.path}: not a stored table"
        for name, value in self.key.items():
            if key.get(name) != value:
                return f"{self.path}: of another {name}"
        self.facts, self.answers = facts, answers
        return None

    def get(self, row):
        """The answer for a row, if it was to the same request."""
        stored = self.answers.get(row.case)
        return stored["answer"] if stored and stored["request"] == row.request else None

    def put(self, row, answer, facts):
        self.facts = facts
        self.answers[row.case] = {"request": row.request, "answer": answer}
        write_json(self.path, {"key": self.key, "facts": facts, "answers": self.answers})

    def remove(self):
        if os.path.exists(self.path):
            os.remove(self.path)
