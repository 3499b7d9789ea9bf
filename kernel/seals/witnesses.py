"""What programs that are not ours say about a sealed PDF: pdfsig (poppler) and openssl.

Each is asked where it is installed; our own verifier always.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from kernel.crypto.x509 import load_cert
from kernel.errors import OfficeError
from kernel.seals.pdf import check_seals

NICKNAME = "juyan-root"


def witnesses(pdf: Path, root: Path) -> dict[str, str]:
    """Ask everybody who is here: name → what he objects to, empty where he agrees.

    :param root: the root certificate, PEM.
    """
    known: dict[str, tuple[bool, Callable[[Path, Path], str]]] = {
        "juyan": (True, _ours),
        "openssl": (bool(shutil.which("openssl")), _openssl),
        "pdfsig": (bool(shutil.which("pdfsig") and shutil.which("certutil")), _pdfsig),
    }
    return {name: ask(pdf, root) for name, (here, ask) in known.items() if here}


def _ours(pdf: Path, root: Path) -> str:
    try:
        checks = check_seals(pdf.read_bytes(), [load_cert(root.read_bytes())])
    except OfficeError as error:
        return error.en
    good = checks and all(one.holds for one in checks)
    return "" if good else f"{checks}"


def _openssl(pdf: Path, root: Path) -> str:
    """The signature in the PDF, taken out and checked as plain CMS over the bytes it covers."""
    data = pdf.read_bytes()
    found = re.findall(rb"/ByteRange\s*\[\s*(\d+) +(\d+) +(\d+) +(\d+)\s*\]", data)
    if not found:
        return "no signature"
    _, first, second, length = map(int, found[-1])
    with tempfile.TemporaryDirectory() as folder:
        signature, covered = Path(folder, "signature.der"), Path(folder, "covered")
        signature.write_bytes(bytes.fromhex(data[first + 1 : second - 1].decode()))
        covered.write_bytes(data[:first] + data[second : second + length])
        command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(signature)]
        files = ["-content", str(covered), "-CAfile", str(root), "-out", "/dev/null"]
        done = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""


def _pdfsig(pdf: Path, root: Path) -> str:
    """With a store of certificates that knows our root and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        store = f"sql:{folder}"
        trust = ["-A", "-n", NICKNAME, "-t", "C,C,C", "-i", str(root)]
        for arguments in (["-N", "--empty-password"], trust):
            subprocess.run(["certutil", "-d", store, *arguments], capture_output=True, check=True)
        done = subprocess.run(
            ["pdfsig", "-nssdir", store, str(pdf)], capture_output=True, text=True, check=False
        )
    wanted = ("Signature is Valid", "Certificate is Trusted", "Total document signed")
    missing = [one for one in wanted if one not in done.stdout]
    return f"{', '.join(missing)}: not said\n{done.stdout}" if missing else ""
