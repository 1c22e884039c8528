"""Postfix: one instance, one listener for each address of each mail server of the table."""
import os
import pwd
import re
import shutil
import smtplib

from domains import MAIL_SERVERS

READY = "127.0.25.200"  # a listener for the readiness check alone, so that the log of the others is the scanner's
DAEMON_DIRECTORIES = ("/usr/lib/postfix/sbin", "/usr/libexec/postfix")  # Debian's; upstream's

MAIN = """
compatibility_level = 3.6
config_directory = {dir}
queue_directory = {dir}/queue
data_directory = {dir}/data
meta_directory = {dir}
myhostname = lab.test
mydestination =
mynetworks =
inet_interfaces = loopback-only
inet_protocols = all
alias_maps =
alias_database =
local_recipient_maps =
default_transport = error:lab
local_transport = error:lab
relay_transport = error:lab
notify_classes =
smtpd_peername_lookup = no
smtpd_banner = $myhostname ESMTP lab
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_relay_restrictions = reject
postscreen_greet_wait = 1s
postscreen_greet_banner = first line of two
postscreen_cache_map =
postscreen_access_list =
maillog_file = {dir}/log/mail.log
maillog_file_prefixes = {dir}/log
"""
SERVICES = """
postlog   unix-dgram n - n - 1 postlogd
rewrite   unix - - n - - trivial-rewrite
tlsmgr    unix - - n 1000? 1 tlsmgr
anvil     unix - - n - 1 anvil
proxymap  unix - - n - - proxymap
cleanup   unix n - n - 0 cleanup
bounce    unix - - n - 0 bounce
error     unix - - n - - error
"""
DELAY = "-o smtpd_delay_reject=no"
BEHAVIOUR = {
    "ok": "",
    "nostarttls": "-o smtpd_tls_security_level=none",
    "421": DELAY + " -o { smtpd_client_restrictions = check_client_access static:{421 4.7.0 too many connections} }",
    "554": DELAY + " -o { smtpd_client_restrictions = check_client_access static:{554 5.7.1 not from you} }",
    "454": "-o smtpd_tls_protocols=nonsense",
    "tls12": "-o { smtpd_tls_protocols = >=TLSv1.2, <=TLSv1.2 }",
    "multiline": "",
}


def leaves():
    return [(server.name, server.name, server.cert) for server in MAIL_SERVERS]


def service(server, address, pki_dir):
    """master.cf text of one listener. A greeting of two lines is what postscreen makes, in front of a plain smtpd."""
    at = f"[{address}]:25" if ":" in address else f"{address}:25"
    identity = (f"  -o myhostname={server.name} -o syslog_name=lab/{server.name}\n"
                f"  -o smtpd_tls_chain_files={pki_dir}/{server.name}.both\n  {BEHAVIOUR[server.behaviour]}\n")
    if server.behaviour == "multiline":
        return f"{at} inet n - n - 1 postscreen\n{identity}smtpd pass - - n - - smtpd\n{identity}"
    return f"{at} inet n - n - - smtpd\n{identity}"


def configure(directory, pki_dir):
    user = pwd.getpwnam("postfix")
    for sub in ("queue/pid", "queue/public", "queue/private", "data", "log"):
        os.makedirs(os.path.join(directory, sub))
    for sub in ("queue/public", "queue/private", "data"):
        os.chown(os.path.join(directory, sub), user.pw_uid, -1)
    with open(os.path.join(directory, "main.cf"), "w") as f:
        f.write(MAIN.format(dir=directory))
    with open(os.path.join(directory, "master.cf"), "w") as f:
        f.write(SERVICES.lstrip() + f"{READY}:25 inet n - n - - smtpd\n  -o smtpd_tls_security_level=none\n")
        for server in MAIL_SERVERS:
            with open(os.path.join(pki_dir, server.name + ".both"), "wb") as both:
                for part in (".key", ".pem"):
                    with open(os.path.join(pki_dir, server.name + part), "rb") as source:
                        shutil.copyfileobj(source, both)
            for address in server.addresses:
                f.write(service(server, address, pki_dir))
    os.utime(os.path.join(directory, "main.cf"), (0, 0))  # of a file just written, Postfix waits 2 s for the rest


def command(directory):
    """The master daemon itself: `postfix start` would only check file modes first, and leave the foreground."""
    master = next(filter(os.path.exists, (path + "/master" for path in DAEMON_DIRECTORIES)), "master")
    return [master, "-c", directory, "-s"]


def greets(address):
    try:
        with smtplib.SMTP(address, 25, "lab.test", 2) as smtp:
            return smtp.ehlo()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


def ready():
    return greets(READY)


def sessions(directory):
    """[(server name, what the client said)] of each finished session: "ehlo=2 starttls=1 quit=1 commands=4"."""
    with open(os.path.join(directory, "log", "mail.log"), errors="replace") as f:
        return re.findall(r" lab/([^/\[]+)/smtpd\[\d+\]: disconnect from \S+ (.*)", f.read())
