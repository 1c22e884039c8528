"""nginx: the policy hosts, one named server each, from the table."""
import os
import ssl
import socket

from domains import DOMAINS

NGINX = "nginx"
CONF = """
daemon off;
worker_processes 1;
pid "{dir}/nginx.pid";
error_log "{dir}/error.log" notice;
events {{ worker_connections 512; }}
http {{
    log_format lab '$server_addr $host "$request" $status "$http_user_agent"';
    access_log "{dir}/access.log" lab;
    client_body_temp_path "{dir}/tmp1";
    proxy_temp_path "{dir}/tmp2";
    fastcgi_temp_path "{dir}/tmp3";
    uwsgi_temp_path "{dir}/tmp4";
    scgi_temp_path "{dir}/tmp5";
    server_tokens off;
    ssl_protocols TLSv1.2 TLSv1.3;
    types {{ }}
    keepalive_timeout 5s;
"""
PATH = "/.well-known/mta-sts.txt"


def policy_hosts():
    return [(d, "mta-sts." + d.name) for d in DOMAINS if d.policy]


def leaves():
    return [(host, host, d.policy.cert) for d, host in policy_hosts()]


def answer(policy):
    if policy.status in (301, 302):
        return f"return {policy.status} https://mta-sts.enforce.test{PATH};"
    if policy.status != 200:
        return f"return {policy.status};"
    body = policy.body().replace("\r", "\\r").replace("\n", "\\n")
    return f'default_type "{policy.media}"; return 200 "{body}";'


def bracket(address):
    return f"[{address}]" if ":" in address else address


def configure(directory, pki_dir):
    os.makedirs(directory)
    addresses = sorted({a for d, _ in policy_hosts() for a in d.policy.listen})
    with open(os.path.join(directory, "nginx.conf"), "w") as f:
        f.write(CONF.format(dir=directory))
        f.write("    server {\n")
        for address in addresses:
            f.write(f"        listen {bracket(address)}:443 ssl default_server;\n")
        f.write("        ssl_reject_handshake on;\n    }\n")
        for domain, host in policy_hosts():
            f.write("    server {\n")
            for address in domain.policy.listen:
                f.write(f"        listen {bracket(address)}:443 ssl;\n")
            f.write(f"        server_name {host};\n        ssl_certificate \"{pki_dir}/{host}.pem\";\n"
                    f"        ssl_certificate_key \"{pki_dir}/{host}.key\";\n"
                    f"        location = {PATH} {{ {answer(domain.policy)} }}\n    }}\n")
        f.write("}\n")


def command(directory):
    return [NGINX, "-p", directory, "-e", os.path.join(directory, "error.log"),
            "-c", os.path.join(directory, "nginx.conf")]


def ready(pki_dir):
    domain, host = policy_hosts()[0]
    context = ssl.create_default_context(cafile=os.path.join(pki_dir, "root.pem"))
    try:
        with socket.create_connection((domain.policy.listen[0], 443), 1) as tcp, \
                context.wrap_socket(tcp, server_hostname=host) as tls:
            tls.sendall(f"GET {PATH} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
                        "User-Agent: lab\r\n\r\n".encode())
            return tls.recv(100).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def requests(directory):
    """What was asked so far: (server address, host, request line, status, user agent) for each request."""
    import shlex
    with open(os.path.join(directory, "access.log")) as f:
        rows = [shlex.split(line) for line in f]
    return [row for row in rows if row[-1] != "lab"]
