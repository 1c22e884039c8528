# toplist.profile - names of a list of the most visited. "key value # source" a line; a key is a
# parameter, or TABLE.CLASS: a rate; what a table leaves of 1 is its first class. ASM: assumed. Others, by name:
# IMC25 MTA-STS at IMC 2025 (snapshot 2024-09-29) · BS23 STARTTLS and MTA-STS survey, late 2022 · L20, L22 DANE for
# SMTP, 2020 and 2022 · SPF24, DMARC23 SPF and DMARC, 2024 and 2023 · DP, LDM, DG, MT, VI surveys of MX, SPF and DMARC ·
# DUK counts of DANE by TLD · CKS TLS versions of mail received by a site · ZDNS the sample run in its README

# Operators of mail and of policy hosts
operators                          50000        # ASM
operators-zipf                     1            # ASM: Zipf, s ~ 1
registrars                         40           # ASM
providers                          60           # IMC25 table 2 names 8; ASM
providers-zipf                     1            # IMC25 table 2: 7614, 7293, 3753, 2222, 1558, ...; ASM
policy-third                       0.667        # IMC25 with ASM: self 30 %, third 60 %

# MX hosts of a name
mx-count-1                         0.6          # ASM; more than 5: 1 %
mx-count-2                         0.25         # ASM; more than 5: 1 %
mx-count-3-5                       0.14         # ASM; more than 5: 1 %

# Policies
mode-enforce                       0.55         # ASM: nobody has published it
mode-testing                       0.4          # ASM
max-age-day                        0.2          # ASM
max-age-week                       0.45         # ASM
max-age-month                      0.15         # ASM

# What else is published
spf                                0.94         # LDM
spf-no-mx                          0.4          # ASM
dmarc                              0.68         # LDM
dmarc-no-mx                        0.2          # ASM
dmarc-p-none                       0.38         # MT: 48 of 77.1 enforced
dmarc-p-quarantine                 0.28         # MT
tokens                             4            # ASM
v6                                 0            # ::1 refuses, and a scan tries it first: nothing that is scored by speed has it
signed                             0.05         # DUK: 23.1 M signed names; ASM

# Waits and limits
dns-latency-ms                     20           # ASM
tcp-latency-ms                     60           # ASM
latency-sigma                      0.8          # ASM
latency-most-ms                    2000         # ASM
greeting-ms                        6000         # ASM: 3 % over 5 s; 20 s greet_pause seen
smtp-per-ip                        20           # ASM: smtpd_client_connection_count_limit of Postfix is 50
smtp-rate-per-ip                   50           # ASM

# What a name takes mail by; the others have MX RRs: 66 % (LDM)
mail.mail-implicit                 0.22         # ASM
mail.mail-null                     0.02         # ASM
mail.mail-null-beside              0.0001       # ASM
mail.mail-none                     0.0599       # what LDM and ASM leave
mail.mail-nxdomain                 0.04         # ASM

# Whose MX hosts
mxset.mx-first                     0.216        # LDM
mxset.mx-second                    0.167        # LDM
mxset.mx-bundled                   0.05         # ASM
mxset.mx-operator                  0.328        # LDM leaves 33.6 %, self-hosted 23.1 %
mxset.mx-cname                     0.001        # ASM
mxset.mx-case                      0.001        # ASM
mxset.mx-literal                   0.0003       # ASM
mxset.mx-localhost                 0.0001       # ASM
mxset.mx-many                      0.00001      # ASM
mxset.mx-no-address                0.001        # ASM
mxset.mx-dangling                  0.002        # ASM
mxset.mx-bogon                     0.0005       # ASM
mxset.mx-v6-dead                   0.001        # ASM
mxset.mx-cert-other-host           0.001        # ASM

# TXT at _mta-sts of names with MX: 1 % have a record; 0.49 % of these are wrong (IMC25)
sts.sts-ok                         0.00675      # DG, VI: the rest of 1 %
sts.sts-unended                    0.0025       # ASM
sts.sts-two-strings                0.00001      # ASM
sts.sts-multi                      0.00001      # ASM
sts.sts-beside                     0.00005      # ASM
sts.sts-duplicate                  0.000002     # ASM
sts.sts-version-blank              0.00000049   # IMC25: version 16 % of the wrong; ASM which
sts.sts-version-12                 0.00000098   # IMC25: version 16 % of the wrong; ASM which
sts.sts-version-upper              0.00000147   # IMC25: version 16 % of the wrong; ASM which
sts.sts-version-lower              0.00000147   # IMC25: version 16 % of the wrong; ASM which
sts.sts-version-2                  0.00000049   # IMC25: version 16 % of the wrong; ASM which
sts.sts-id-first                   0.00000098   # IMC25: version 16 % of the wrong; ASM which
sts.sts-leading-blank              0.00000098   # IMC25: version 16 % of the wrong; ASM which
sts.sts-quoted                     0.00000098   # IMC25: version 16 % of the wrong; ASM which
sts.sts-no-id                      0.00000735   # IMC25: no id 20 % of the wrong
sts.sts-empty-id                   0.00000245   # IMC25: no id 20 % of the wrong
sts.sts-id-dash                    0.0000221    # IMC25: bad id 61 % of the wrong; ASM which
sts.sts-id-long                    0.00000294   # IMC25: bad id 61 % of the wrong; ASM which
sts.sts-id-colon                   0.0000049    # IMC25: bad id 61 % of the wrong; ASM which
sts.sts-two-ids                    0.000002     # ASM
sts.sts-ext-colon                  0.000000167  # IMC25: extension 1 % of the wrong
sts.sts-ext                        0.00001      # ASM
sts.sts-ext-equals                 0.000000167  # IMC25: extension 1 % of the wrong
sts.sts-ext-empty                  0.000000167  # IMC25: extension 1 % of the wrong
sts.sts-semicolons                 0.000000245  # IMC25: others 2 % of the wrong
sts.sts-trailing-blank             0.000000245  # IMC25: others 2 % of the wrong
sts.sts-non-ascii                  0.000000167  # IMC25: others 2 % of the wrong
sts.sts-nul                        0.000000167  # IMC25: others 2 % of the wrong
sts.sts-comma                      0.000000167  # IMC25: others 2 % of the wrong
sts.sts-cname                      0.0005       # ASM: providers
sts.sts-cname-loop                 0.000002     # ASM
sts.sts-dangling                   0.00001      # ASM
sts.sts-wild-spf                   0.00005      # ASM
sts.sts-wild-sts                   0.00002      # ASM
sts.sts-servfail                   0.00001      # ASM
sts.sts-refused                    0.000003     # ASM
sts.sts-timeout                    0.00001      # ASM
sts.sts-bogus                      0.000003     # ASM
sts.sts-truncated                  0.000005     # ASM
sts.sts-truncated-dead             0.000001     # ASM
sts.sts-huge                       0.000001     # ASM
sts.sts-pointer-loop               0.000001     # ASM
sts.sts-wrong-id                   0.000001     # ASM
sts.sts-wrong-name                 0.000001     # ASM
sts.sts-other-type                 0.000001     # ASM
sts.sts-www-only                   0.000001     # ASM

# and of names without
sts-no-mx.sts-ok                   0.00007      # ASM: a tenth, or less, of the names with MX
sts-no-mx.sts-unended              0.000025     # ASM: a tenth, or less, of the names with MX
sts-no-mx.sts-wild-sts             0.000002     # ASM: a tenth, or less, of the names with MX
sts-no-mx.sts-wild-spf             0.000002     # ASM: a tenth, or less, of the names with MX
sts-no-mx.sts-multi                0.0000005    # ASM: a tenth, or less, of the names with MX

# TLS-RPT of names without a valid MTA-STS record; in all 1 % (VI)
rpt.rpt-ok                         0.0032       # VI; ASM which
rpt.rpt-https                      0.0004       # VI; ASM which
rpt.rpt-both                       0.00032      # VI; ASM which
rpt.rpt-no-rua                     0.000016     # VI; ASM which
rpt.rpt-no-scheme                  0.000016     # VI; ASM which
rpt.rpt-http                       0.000008     # VI; ASM which
rpt.rpt-two-rua                    0.000008     # VI; ASM which
rpt.rpt-size                       0.000008     # VI; ASM which
rpt.rpt-blank                      0.000008     # VI; ASM which
rpt.rpt-multi                      0.000012     # VI; ASM which

# and with one: 60 %
rpt-sts.rpt-ok                     0.48         # ASM from IMC25 fig 12; ASM which
rpt-sts.rpt-https                  0.06         # ASM from IMC25 fig 12; ASM which
rpt-sts.rpt-both                   0.048        # ASM from IMC25 fig 12; ASM which
rpt-sts.rpt-no-rua                 0.0024       # ASM from IMC25 fig 12; ASM which
rpt-sts.rpt-no-scheme              0.0024       # ASM from IMC25 fig 12; ASM which
rpt-sts.rpt-http                   0.0012       # ASM from IMC25 fig 12; ASM which
rpt-sts.rpt-two-rua                0.0012       # ASM from IMC25 fig 12; ASM which
rpt-sts.rpt-size                   0.0012       # ASM from IMC25 fig 12; ASM which
rpt-sts.rpt-blank                  0.0012       # ASM from IMC25 fig 12; ASM which
rpt-sts.rpt-multi                  0.0018       # ASM from IMC25 fig 12; ASM which

# Policy hosts that names run themselves
policy-self.policy-nxdomain        0.001        # IMC25, self: DNS 0.17 %
policy-self.policy-nodata          0.0004       # IMC25, self: DNS 0.17 %
policy-self.policy-dangling        0.0003       # IMC25, self: DNS 0.17 %
policy-self.policy-v6-dead         0.0003       # ASM
policy-self.policy-second-dead     0.0003       # ASM
policy-self.policy-bogon           0.0003       # ASM
policy-self.policy-refused         0.0033       # IMC25, self: TCP 0.76 %
policy-self.policy-timeout         0.004        # IMC25, self: TCP 0.76 %
policy-self.policy-reset           0.0003       # IMC25, self: TCP 0.76 %
policy-self.policy-wildcard        0.05         # ASM
policy-self.policy-partial         0.000225     # IMC25, self: TLS 9 % without one registrar, name 94.5 % of these; ASM which
policy-self.policy-inner           0.000225     # IMC25, self: TLS 9 % without one registrar, name 94.5 % of these; ASM which
policy-self.policy-two-labels      0.0018       # IMC25, self: TLS 9 % without one registrar, name 94.5 % of these; ASM which
policy-self.policy-wrong-name      0.081        # IMC25, self: TLS 9 % without one registrar, name 94.5 % of these; ASM which
policy-self.policy-cn-only         0.0009       # IMC25, self: TLS 9 % without one registrar, name 94.5 % of these; ASM which
policy-self.policy-cn-other        0.0009       # IMC25, self: TLS 9 % without one registrar, name 94.5 % of these; ASM which
policy-self.policy-expired         0.00175      # IMC25, self: TLS 9 % without one registrar, expired 2 %
policy-self.policy-not-yet         0.000045     # IMC25, self: TLS 9 % without one registrar, expired 2 %
policy-self.policy-self-signed     0.0018       # IMC25, self: TLS 9 % without one registrar, self-signed 2.5 %
policy-self.policy-untrusted       0.00027      # IMC25, self: TLS 9 % without one registrar, self-signed 2.5 %
policy-self.policy-no-chain        0.00018      # IMC25, self: TLS 9 % without one registrar, self-signed 2.5 %
policy-self.policy-constrained     0.0003       # ASM
policy-self.policy-alert           0.0009       # IMC25, self: TLS 9 % without one registrar, alert 1 %
policy-self.policy-tls10           0.0003       # ASM
policy-self.policy-tls11           0.0003       # ASM
policy-self.policy-ssl3            0.0003       # ASM
policy-self.policy-rc4             0.0003       # ASM
policy-self.policy-no-cipher       0.0003       # ASM
policy-self.policy-rsa1024         0.0003       # ASM
policy-self.policy-garbage         0.0003       # ASM
policy-self.policy-half            0.0003       # ASM
policy-self.policy-tls-stall       0.0003       # ASM
policy-self.policy-301             0.00105      # IMC25, self: HTTP 1.5 %, 3xx 15 %
policy-self.policy-302             0.0009       # IMC25, self: HTTP 1.5 %, 3xx 15 %
policy-self.policy-307             0.00015      # IMC25, self: HTTP 1.5 %, 3xx 15 %
policy-self.policy-308             0.00015      # IMC25, self: HTTP 1.5 %, 3xx 15 %
policy-self.policy-204             0.0003       # ASM
policy-self.policy-206             0.0003       # ASM
policy-self.policy-304             0.0003       # ASM
policy-self.policy-401             0.00015      # IMC25, self: HTTP 1.5 %, 403 12 %
policy-self.policy-403             0.00165      # IMC25, self: HTTP 1.5 %, 403 12 %
policy-self.policy-404             0.00975      # IMC25, self: HTTP 1.5 %, 404 65 % of these
policy-self.policy-410             0.0003       # ASM
policy-self.policy-500             0.0006       # IMC25, self: HTTP 1.5 %, 5xx 8 %
policy-self.policy-503             0.0006       # IMC25, self: HTTP 1.5 %, 5xx 8 %
policy-self.policy-100             0.0003       # ASM
policy-self.policy-103             0.0003       # ASM
policy-self.policy-parked          0.002        # ASM
policy-self.policy-html            0.002        # ASM
policy-self.policy-octets          0.001        # ASM
policy-self.policy-no-type         0.001        # ASM
policy-self.policy-utf16           0.0003       # ASM
policy-self.policy-upper           0.001        # ASM
policy-self.policy-64k             0.0003       # ASM
policy-self.policy-64k1            0.0003       # ASM
policy-self.policy-endless         0.0003       # ASM
policy-self.policy-bomb            0.0003       # ASM
policy-self.policy-short           0.0003       # ASM
policy-self.policy-drip            0.0003       # ASM
policy-self.policy-stall           0.0003       # ASM
policy-self.policy-silent          0.0003       # ASM
policy-self.policy-gzip            0.0003       # ASM
policy-self.policy-age             0.02         # ASM: caches
policy-self.policy-http09          0.0003       # ASM
policy-self.policy-bad-chunk       0.0003       # ASM
policy-self.policy-lengths         0.0003       # ASM
policy-self.policy-long-line       0.0003       # ASM
policy-self.policy-nul-header      0.0003       # ASM
policy-self.policy-closed          0.0003       # ASM
policy-self.policy-two-bodies      0.0003       # ASM

# and that providers run
policy-third.policy-nodata         0.00001      # IMC25, third: DNS 0; ASM
policy-third.policy-dangling       0.00001      # IMC25, third: DNS 0; ASM
policy-third.policy-second-dead    0.0003       # ASM
policy-third.policy-refused        0.0004       # IMC25, third: TCP 0.12 %
policy-third.policy-timeout        0.0008       # IMC25, third: TCP 0.12 %
policy-third.policy-provider-name  0.002        # ASM: RFC 8461 section 8.2
policy-third.policy-wildcard       0.001        # ASM
policy-third.policy-expired        0.012        # IMC25, third: TLS 3.9 %, the rest expired and self-signed
policy-third.policy-self-signed    0.008        # IMC25, third: TLS 3.9 %, the rest expired and self-signed
policy-third.policy-alert          0.017        # IMC25, third: TLS 3.9 %, alert 43.6 % of these
policy-third.policy-301            0.001        # IMC25, third: HTTP 0.75 %
policy-third.policy-403            0.0009       # IMC25, third: HTTP 0.75 %
policy-third.policy-404            0.005        # IMC25, third: HTTP 0.75 %
policy-third.policy-503            0.0006       # IMC25, third: HTTP 0.75 %
policy-third.policy-100            0.0003       # ASM
policy-third.policy-html           0.001        # ASM
policy-third.policy-upper          0.001        # ASM
policy-third.policy-gzip           0.0003       # ASM
policy-third.policy-age            0.05         # ASM: caches

# Policies; 0.22 % of those of their own, 0.28 % of those of providers are wrong (IMC25)
body.body-lf                       0.45         # ASM
body.body-mixed                    0.005        # ASM
body.body-unended                  0.15         # ASM
body.body-bare-cr                  0.0001       # ASM
body.body-blank-line               0.0005       # ASM
body.body-two-ends                 0.002        # ASM
body.body-indented                 0.0002       # ASM
body.body-bom                      0.0001       # ASM
body.body-colon-blank              0.0001       # ASM
body.body-key-case                 0.0001       # ASM
body.body-mode-case                0.0001       # ASM
body.body-tight                    0.02         # ASM
body.body-trailing                 0.01         # ASM
body.body-version-last             0.002        # ASM
body.body-no-version               0.0001       # ASM
body.body-no-mode                  0.0001       # ASM
body.body-no-max-age               0.0001       # ASM
body.body-no-mx                    0.0001       # ASM
body.body-empty                    0.0001       # IMC25: 5 of 136
body.body-none-no-mx               0.01         # ASM
body.body-two-modes                0.0001       # ASM
body.body-two-ages                 0.0001       # ASM
body.body-two-versions             0.0001       # ASM
body.body-age-0                    0.0005       # ASM
body.body-age-most                 0.01         # ASM
body.body-age-over                 0.0001       # ASM
body.body-age-huge                 0.0001       # ASM
body.body-age-negative             0.0001       # ASM
body.body-age-exponent             0.0001       # ASM
body.body-age-unit                 0.0001       # ASM
body.body-mx-comma                 0.0001       # ASM
body.body-mx-two                   0.0001       # ASM
body.body-mx-at                    0.0006       # IMC25: 87 of 136 are mx
body.body-mx-dot                   0.0006       # IMC25: 87 of 136 are mx
body.body-mx-empty                 0.0004       # IMC25: 87 of 136 are mx
body.body-mx-star                  0.0001       # ASM
body.body-mx-stars                 0.0001       # ASM
body.body-mx-part-star             0.0001       # ASM
body.body-mx-literal               0.0001       # ASM
body.body-mx-leading-dot           0.0001       # ASM
body.body-mx-address               0.0001       # ASM
body.body-mx-ulabel                0.0001       # ASM
body.body-ext                      0.001        # ASM
body.body-ext-empty                0.0001       # ASM
body.body-many-mx                  0.0001       # ASM
body.body-long-line                0.0001       # ASM

# mx patterns against the MX hosts
listing.list-wildcard              0.25         # ASM
listing.list-policy-host           0.00875      # IMC25: 597 of 730 of 3LD+, 1.07 %
listing.list-case                  0.005        # ASM
listing.list-deep                  0.0005       # ASM
listing.list-target                0.0005       # ASM
listing.list-partial               0.01         # ASM
listing.list-domain                0.015        # IMC25: complete domain 1.50 %
listing.list-third-level           0.00195      # IMC25: 3LD+ 1.07 %
listing.list-typo                  0.0009       # IMC25: 0.09 %
listing.list-tld                   0.001        # ASM: a figure only

# MX servers: smtp-self
smtp-self.smtp-timeout             0.06         # ASM
smtp-self.smtp-refused             0.0192       # ASM
smtp-self.smtp-reset               0.0008       # ASM
smtp-self.smtp-554                 0.008        # ASM (L20: 20 of 7.9 k block)
smtp-self.smtp-421                 0.006        # ASM (L20: 20 of 7.9 k block)
smtp-self.smtp-450                 0.004        # ASM (L20: 20 of 7.9 k block)
smtp-self.smtp-timeouts            0.001        # ASM (L20: 20 of 7.9 k block)
smtp-self.smtp-greylist            0.01         # ASM
smtp-self.smtp-ehlo-421            0.0006       # ASM (L20: 20 of 7.9 k block)
smtp-self.smtp-slow                0.03         # ASM
smtp-self.smtp-multiline           0.005        # ASM
smtp-self.smtp-banner-4k           0.0003       # ASM
smtp-self.smtp-lf                  0.0003       # ASM
smtp-self.smtp-split               0.0003       # ASM
smtp-self.smtp-endless             0.0003       # ASM
smtp-self.smtp-silent              0.0002       # ASM (L20: 20 of 7.9 k block)
smtp-self.smtp-early-close         0.0002       # ASM (L20: 20 of 7.9 k block)
smtp-self.smtp-not-smtp            0.0003       # ASM
smtp-self.smtp-helo-only           0.00135      # BS23: STARTTLS at 97 % of those reached
smtp-self.smtp-no-starttls         0.0251       # BS23: STARTTLS at 97 % of those reached
smtp-self.smtp-second-look         0.00054      # BS23: STARTTLS at 97 % of those reached
smtp-self.smtp-454                 0.0003       # ASM
smtp-self.smtp-502                 0.0003       # ASM
smtp-self.smtp-injected            0.0003       # ASM
smtp-self.smtp-go-close            0.0003       # ASM
smtp-self.smtp-go-reset            0.0003       # ASM
smtp-self.smtp-go-garbage          0.0003       # ASM
smtp-self.smtp-go-stall            0.0003       # ASM
smtp-self.smtp-alert               0.0003       # ASM
smtp-self.smtp-ssl3                0.0003       # ASM
smtp-self.smtp-tls12               0.0957       # CKS, ASM per host: 1.2
smtp-self.smtp-tls11               0.000175     # CKS, ASM per host: 1.1 and less
smtp-self.smtp-tls10               0.000175     # CKS, ASM per host: 1.1 and less
smtp-self.smtp-wrong-name          0.101        # ASM: 20 % wrong; ASM name 60 %
smtp-self.smtp-cn-only             0.00175      # ASM: 20 % wrong; ASM name 60 %
smtp-self.smtp-expired             0.0173       # ASM: 20 % wrong; ASM expired 10 %
smtp-self.smtp-not-yet             0.000175     # ASM: 20 % wrong; ASM expired 10 %
smtp-self.smtp-self-signed         0.0437       # ASM: 20 % wrong; ASM self-signed 25 %
smtp-self.smtp-untrusted           0.00297      # ASM: 20 % wrong; ASM chain 5 %
smtp-self.smtp-no-chain            0.00524      # ASM: 20 % wrong; ASM chain 5 %
smtp-self.smtp-two-labels          0.00157      # ASM: 20 % wrong; ASM name 60 %
smtp-self.smtp-nul-name            0.0000873    # ASM: 20 % wrong; ASM name 60 %
smtp-self.smtp-ulabel              0.0000873    # ASM: 20 % wrong; ASM name 60 %
smtp-self.smtp-constrained         0.000175     # ASM: 20 % wrong; ASM chain 5 %
smtp-self.smtp-rsa1024             0.000349     # ASM: 20 % wrong; ASM chain 5 %
smtp-self.smtp-sni                 0.002        # ASM

# MX servers: smtp-sts
smtp-sts.smtp-timeout              0.0075       # ASM
smtp-sts.smtp-refused              0.0024       # ASM
smtp-sts.smtp-reset                0.0001       # ASM
smtp-sts.smtp-554                  0.002        # ASM (L20: 20 of 7.9 k block)
smtp-sts.smtp-421                  0.0015       # ASM (L20: 20 of 7.9 k block)
smtp-sts.smtp-450                  0.001        # ASM (L20: 20 of 7.9 k block)
smtp-sts.smtp-timeouts             0.00025      # ASM (L20: 20 of 7.9 k block)
smtp-sts.smtp-greylist             0.01         # ASM
smtp-sts.smtp-ehlo-421             0.00015      # ASM (L20: 20 of 7.9 k block)
smtp-sts.smtp-slow                 0.03         # ASM
smtp-sts.smtp-multiline            0.005        # ASM
smtp-sts.smtp-banner-4k            0.0003       # ASM
smtp-sts.smtp-lf                   0.0003       # ASM
smtp-sts.smtp-split                0.0003       # ASM
smtp-sts.smtp-endless              0.0003       # ASM
smtp-sts.smtp-silent               0.00005      # ASM (L20: 20 of 7.9 k block)
smtp-sts.smtp-early-close          0.00005      # ASM (L20: 20 of 7.9 k block)
smtp-sts.smtp-not-smtp             0.0003       # ASM
smtp-sts.smtp-helo-only            0.000246     # ASM
smtp-sts.smtp-no-starttls          0.00458      # ASM
smtp-sts.smtp-second-look          0.0000985    # ASM
smtp-sts.smtp-454                  0.0003       # ASM
smtp-sts.smtp-502                  0.0003       # ASM
smtp-sts.smtp-injected             0.0003       # ASM
smtp-sts.smtp-go-close             0.0003       # ASM
smtp-sts.smtp-go-reset             0.0003       # ASM
smtp-sts.smtp-go-garbage           0.0003       # ASM
smtp-sts.smtp-go-stall             0.0003       # ASM
smtp-sts.smtp-alert                0.0003       # ASM
smtp-sts.smtp-ssl3                 0.0003       # ASM
smtp-sts.smtp-tls12                0.107        # CKS, ASM per host: 1.2
smtp-sts.smtp-tls11                0.000196     # CKS, ASM per host: 1.1 and less
smtp-sts.smtp-tls10                0.000196     # CKS, ASM per host: 1.1 and less
smtp-sts.smtp-wrong-name           0.025        # IMC25: 4.4 % wrong; ASM name 60 %
smtp-sts.smtp-cn-only              0.000431     # IMC25: 4.4 % wrong; ASM name 60 %
smtp-sts.smtp-expired              0.00427      # IMC25: 4.4 % wrong; ASM expired 10 %
smtp-sts.smtp-not-yet              0.0000431    # IMC25: 4.4 % wrong; ASM expired 10 %
smtp-sts.smtp-self-signed          0.0108       # IMC25: 4.4 % wrong; ASM self-signed 25 %
smtp-sts.smtp-untrusted            0.000733     # IMC25: 4.4 % wrong; ASM chain 5 %
smtp-sts.smtp-no-chain             0.00129      # IMC25: 4.4 % wrong; ASM chain 5 %
smtp-sts.smtp-two-labels           0.000388     # IMC25: 4.4 % wrong; ASM name 60 %
smtp-sts.smtp-nul-name             0.0000216    # IMC25: 4.4 % wrong; ASM name 60 %
smtp-sts.smtp-ulabel               0.0000216    # IMC25: 4.4 % wrong; ASM name 60 %
smtp-sts.smtp-constrained          0.0000431    # IMC25: 4.4 % wrong; ASM chain 5 %
smtp-sts.smtp-rsa1024              0.0000862    # IMC25: 4.4 % wrong; ASM chain 5 %
smtp-sts.smtp-sni                  0.002        # ASM

# MX servers: smtp-operator
smtp-operator.smtp-timeout         0.0225       # ASM
smtp-operator.smtp-refused         0.0072       # ASM
smtp-operator.smtp-reset           0.0003       # ASM
smtp-operator.smtp-554             0.004        # ASM (L20: 20 of 7.9 k block)
smtp-operator.smtp-421             0.003        # ASM (L20: 20 of 7.9 k block)
smtp-operator.smtp-450             0.002        # ASM (L20: 20 of 7.9 k block)
smtp-operator.smtp-timeouts        0.0005       # ASM (L20: 20 of 7.9 k block)
smtp-operator.smtp-greylist        0.01         # ASM
smtp-operator.smtp-ehlo-421        0.0003       # ASM (L20: 20 of 7.9 k block)
smtp-operator.smtp-slow            0.03         # ASM
smtp-operator.smtp-multiline       0.005        # ASM
smtp-operator.smtp-silent          0.0001       # ASM (L20: 20 of 7.9 k block)
smtp-operator.smtp-early-close     0.0001       # ASM (L20: 20 of 7.9 k block)
smtp-operator.smtp-helo-only       0.00072      # ASM
smtp-operator.smtp-no-starttls     0.0134       # ASM
smtp-operator.smtp-second-look     0.000288     # ASM
smtp-operator.smtp-tls12           0.104        # CKS, ASM per host: 1.2
smtp-operator.smtp-tls11           0.000189     # CKS, ASM per host: 1.1 and less
smtp-operator.smtp-tls10           0.000189     # CKS, ASM per host: 1.1 and less
smtp-operator.smtp-wrong-name      0.0548       # ASM: half as many wrong as self-hosted; ASM name 60 %
smtp-operator.smtp-cn-only         0.000946     # ASM: half as many wrong as self-hosted; ASM name 60 %
smtp-operator.smtp-expired         0.00936      # ASM: half as many wrong as self-hosted; ASM expired 10 %
smtp-operator.smtp-not-yet         0.0000946    # ASM: half as many wrong as self-hosted; ASM expired 10 %
smtp-operator.smtp-self-signed     0.0236       # ASM: half as many wrong as self-hosted; ASM self-signed 25 %
smtp-operator.smtp-untrusted       0.00161      # ASM: half as many wrong as self-hosted; ASM chain 5 %
smtp-operator.smtp-no-chain        0.00284      # ASM: half as many wrong as self-hosted; ASM chain 5 %
smtp-operator.smtp-two-labels      0.000851     # ASM: half as many wrong as self-hosted; ASM name 60 %
smtp-operator.smtp-nul-name        0.0000473    # ASM: half as many wrong as self-hosted; ASM name 60 %
smtp-operator.smtp-ulabel          0.0000473    # ASM: half as many wrong as self-hosted; ASM name 60 %
smtp-operator.smtp-constrained     0.0000946    # ASM: half as many wrong as self-hosted; ASM chain 5 %
smtp-operator.smtp-rsa1024         0.000189     # ASM: half as many wrong as self-hosted; ASM chain 5 %
smtp-operator.smtp-sni             0.002        # ASM

# TLSA of MX hosts: 0.5 % (ASM)
tlsa.tlsa-ok                       0.00373      # the rest
tlsa.tlsa-mismatch                 0.000185     # L20: 3.7 %
tlsa.tlsa-unusable                 0.00002      # L20: usage and selector 11.81 % of the mismatches
tlsa.tlsa-ta-absent                0.00001      # ASM
tlsa.tlsa-insecure                 0.001        # L20: 20 % without DS
tlsa.tlsa-servfail                 0.0000275    # L20: RRSIG 0.55 %
tlsa.tlsa-rollover                 0.0000325    # ASM

# What a question meets besides its answer
query.query-servfail               0.021        # ZDNS sample: 147 of 7,000
query.query-timeout                0.0006       # ZDNS sample: 4 of 7,000
query.query-lost-once              0.005        # ASM
