"""Exim: the second mail server of the lab, with GnuTLS where Postfix has OpenSSL. One daemon, one address a server.

Its Debian package conflicts with Postfix, so ./dev unpacks it beside the build; it takes its user from files of the
lab (nss_wrapper), for the machine has none."""
import glob
import os
import shutil

import domains
import mail

READY = "127.0.29.200"  # for the readiness check alone
UID = 65533  # of Debian-exim, the name that is built in
SOURCE = os.environ.get("SOURCE_DIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
WRAPPER = "/usr/lib/*/libnss_wrapper.so"
TURNED_AWAY = {"554": "5.7.1 not from you", "421": "4.7.0 too many connections", "451": "4.7.1 greylisted"}
CONF = """
exim_user = Debian-exim
exim_group = Debian-exim
primary_hostname = exim.lab.test
smtp_active_hostname = ${{lookup{{$received_ip_address}}lsearch{{{dir}/names}}{{$value}}{{lab.test}}}}
smtp_banner = $smtp_active_hostname ESMTP lab
spool_directory = {dir}/spool
log_file_path = {dir}/log/%slog
log_selector = +smtp_connection +received_sender
keep_environment =
local_interfaces = <; {addresses}
daemon_smtp_ports = 25
host_lookup =
helo_lookup_domains =
rfc1413_hosts =
recipient_unqualified_hosts =
smtp_accept_max = 0
smtp_enforce_sync = true
acl_smtp_connect = connect
acl_smtp_mail = deny
tls_advertise_hosts = ${{if eq{{${{lookup{{$received_ip_address}}lsearch{{{dir}/behaviour}}}}}}{{nostarttls}}{{}}{{*}}}}
tls_certificate = {pki}/${{lookup{{$received_ip_address}}lsearch{{{dir}/names}}{{$value}}{{{first}}}}}.pem
tls_privatekey = {pki}/${{lookup{{$received_ip_address}}lsearch{{{dir}/names}}{{$value}}{{{first}}}}}.key
tls_require_ciphers = ${{if eq{{${{lookup{{$received_ip_address}}lsearch{{{dir}/behaviour}}}}}}{{tls12}}\\
  {{NORMAL:-VERS-ALL:+VERS-TLS1.2}}{{NORMAL}}}}
begin acl
connect:
{turned_away}  accept
begin routers
begin transports
begin retry
"""
TURN_AWAY = ("  {verb}\n    condition = ${{if eq{{${{lookup{{$received_ip_address}}lsearch{{{dir}/behaviour}}}}}}{{{code}}}}}\n"
             "    message = {code} {text}\n")


def binary():
    """Where ./dev unpacked it; else one of the machine's own; None: there is none."""
    unpacked = os.path.join(SOURCE, "build", "exim", "usr", "sbin", "exim4")
    return unpacked if os.access(unpacked, os.X_OK) else shutil.which("exim4")


def leaves():
    return [(server.name, server.name, server.cert) for server in domains.EXIM_SERVERS]


def configure(directory, pki_dir):
    for sub in ("spool", "log"):
        os.makedirs(os.path.join(directory, sub))
        os.chown(os.path.join(directory, sub), UID, UID)
    rows = [(server, address) for server in domains.EXIM_SERVERS for address in server.addresses]
    turned_away = "".join(TURN_AWAY.format(dir=directory, code=code, text=text, verb="drop" if code[0] == "5" else "defer")
                          for code, text in TURNED_AWAY.items())
    files = {"exim.conf": CONF.format(dir=directory, pki=pki_dir, first=rows[0][0].name, turned_away=turned_away,
                                      addresses=" ; ".join([READY] + [address for _, address in rows])),
             "names": "".join(f"{address}: {server.name}\n" for server, address in rows),
             "behaviour": "".join(f"{address}: {server.behaviour}\n" for server, address in rows),
             "passwd": f"root:x:0:0:root:/root:/bin/sh\nDebian-exim:x:{UID}:{UID}::/nonexistent:/usr/sbin/nologin\n",
             "group": f"root:x:0:\nDebian-exim:x:{UID}:\n"}
    for name, text in files.items():
        with open(os.path.join(directory, name), "w") as f:
            f.write(text)
    for server in domains.EXIM_SERVERS:
        os.chmod(os.path.join(pki_dir, server.name + ".key"), 0o644)  # read by Debian-exim


def command(directory):
    wrapper = next(iter(glob.glob(WRAPPER)), "libnss_wrapper.so")
    return ["env", f"LD_PRELOAD={wrapper}", f"NSS_WRAPPER_PASSWD={directory}/passwd",
            f"NSS_WRAPPER_GROUP={directory}/group", binary(), "-C", f"{directory}/exim.conf", "-bdf",
            "-oP", f"{directory}/exim.pid"]


def ready():
    return mail.greets(READY)
