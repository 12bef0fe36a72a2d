# SPDX-License-Identifier: Apache-2.0
"""The validators that makers of report formats publish as packages, installed into a folder when it has none yet.

    v = Validators(folder)
    for e in v.errors("cyclonedx-1.4", text): ...     v.finish(fail): what is only judged at the end

Without a registry to install from they are left out: about() names those that are there.
"""
import atexit
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PYTHON = ["cyclonedx-python-lib[validation]", "spdx-tools", "junitparser"]
JSON_BYTES = 12000
NPM = "@microsoft/sarif-multitool-linux"
# Runs in the folder's own Python: lines of {"format", "path"} in, lines of lists of errors out.
SERVER = r"""
import json, logging, sys
logging.disable(logging.CRITICAL)
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from cyclonedx.validation.xml import XmlValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
import junitparser
def cyclonedx(name, path):
    version = SchemaVersion.from_version(name.rpartition("-")[2]) if name[-1].isdigit() else SchemaVersion.V1_6
    kind = XmlValidator if "xml" in name else JsonStrictValidator
    error = kind(version).validate_str(open(path, encoding="utf-8").read())
    return [str(error)[:800]] if error else []
def spdx(name, path):
    # The recorded reports have advisories that were made for a test, on this machine's own address.
    return [m.validation_message for m in validate_full_spdx_document(parse_file(path)) if "//127.0.0.1/" not in m.validation_message]
def junit(name, path):
    suites = junitparser.JUnitXml.fromfile(path)
    return [] if suites.tests > 0 and all(case.name for suite in suites for case in suite) else ["no tests"]
out = sys.stdout
sys.stdout = sys.stderr
for line in sys.stdin:
    name, path = json.loads(line)
    try:
        found = (cyclonedx if name.startswith("cyclonedx") else spdx if name.startswith("spdx") else junit)(name, path)
    except Exception as e:
        found = [repr(e)[:800]]
    print(json.dumps(found), file=out, flush=True)
"""
SUFFIX = {"spdx": ".spdx.json", "spdx-tag": ".spdx", "sarif": ".sarif"}


def run(*command, seconds):
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=seconds).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


class Validators:
    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.work = tempfile.mkdtemp(prefix="limpid-validators-")
        atexit.register(shutil.rmtree, self.work, ignore_errors=True)
        self.sarif_files = []
        self.server = self.start_python(folder / "python")
        self.sarif = self.find_sarif(folder / "npm")

    def start_python(self, folder):
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            if not run(sys.executable, "-m", "venv", folder, seconds=120) or \
               not run(folder / "bin/pip", "install", "-q", *PYTHON, seconds=300):
                return None
            (folder / "complete").touch()
        return subprocess.Popen([folder / "bin/python", "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True, cwd=self.work)

    def find_sarif(self, folder):
        path = folder / "node_modules" / NPM / "Sarif.Multitool"
        if not path.exists() and not (shutil.which("npm") and run("npm", "install", "--silent", "--prefix", folder, NPM, seconds=300)):
            return None
        return path if path.exists() else None

    def about(self):
        there = (["CycloneDX", "SPDX", "JUnit"] if self.server else []) + (["SARIF"] if self.sarif else [])
        return ", ".join(there) or "none: no registry to have them from"

    def errors(self, name, text, any_length=False):
        if name == "sarif" and self.sarif:
            path = pathlib.Path(self.work) / f"{len(self.sarif_files)}.sarif"
            path.write_bytes(text)
            self.sarif_files.append(path)
        if not self.server or not name.startswith(("cyclonedx", "spdx", "junit")):
            return
        # Looking for doubles takes the square of a list's length there; XML, of the same writer, is looked at whatever its length.
        if name.startswith("cyclonedx") and "xml" not in name and len(text) > JSON_BYTES and not any_length:
            return
        path = pathlib.Path(self.work) / ("document" + SUFFIX.get(name, ""))
        path.write_bytes(text)
        self.server.stdin.write(json.dumps([name, str(path)]) + "\n")
        self.server.stdin.flush()
        yield from json.loads(self.server.stdout.readline())

    def finish(self, fail):
        """All SARIF at once: the tool takes a second to start. Its only complaint may be that limpid has no page to point to."""
        if self.server:
            self.server.stdin.close()
            self.server.wait()
        if not self.sarif_files:
            return
        result = pathlib.Path(self.work) / "result.sarif"
        p = subprocess.run([self.sarif, "validate", *self.sarif_files, "--rule-kind", "Sarif;Ghas", "--output", result, "--log",
                            "ForceOverwrite"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"})
        if not result.exists():
            fail("sarif: the validator fails:", p.stdout[-500:])
            return
        for r in json.loads(result.read_text(encoding="utf-8-sig"))["runs"][0].get("results", []):
            if r["ruleId"] != "SARIF2005":
                fail("sarif:", r["ruleId"], json.dumps(r["message"])[:300])


class Nobody:
    def errors(self, _name, _text):
        return iter(())


NONE = Nobody()
