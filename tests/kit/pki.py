# SPDX-License-Identifier: Apache-2.0
"""A throw-away certificate authority: certificates of servers and clients, made with openssl."""
import pathlib
import subprocess

DAYS = 30
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, timeout=60)


class Authority:
    """One authority in a directory; `ca_file` is its certificate."""

    def __init__(self, directory, name="test authority"):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.ca_file = self.dir / "ca.pem"
        self._key = self.dir / "ca.key"
        self._made = 0
        _openssl("req", "-x509", *CURVE, "-keyout", self._key, "-out", self.ca_file, "-days", DAYS,
                 "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name, usage="serverAuth", days=DAYS):
        """Makes a certificate for a common name, valid for 127.0.0.1 and localhost. Returns the
        paths of certificate and key, which are this name's and written over by the next one."""
        self._made += 1
        cert, key = self.dir / f"{name}.pem", self.dir / f"{name}.key"
        request, extensions = self.dir / f"{name}.csr", self.dir / f"{name}.ext"
        extensions.write_text(f"extendedKeyUsage={usage}\nbasicConstraints=CA:FALSE\n"
                              "subjectAltName=IP:127.0.0.1,DNS:localhost\n", encoding="ascii")
        _openssl("req", *CURVE, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        _openssl("x509", "-req", "-in", request, "-CA", self.ca_file, "-CAkey", self._key,
                 "-set_serial", self._made, "-days", days, "-extfile", extensions, "-out", cert)
        return cert, key

    def ca_dir(self):
        """A directory of trusted authorities, with this one alone."""
        directory = self.dir / "authorities"
        directory.mkdir(exist_ok=True)
        (directory / "ca.pem").write_bytes(self.ca_file.read_bytes())
        _openssl("rehash", directory)
        return directory
