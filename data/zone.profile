# zone.profile - random registered names, as in zone files. "key value # source" a line; a key is a
# parameter, or TABLE.CLASS: a rate; what a table leaves of 1 is its first class. ASM: assumed. Others, by name:
# IMC25 MTA-STS at IMC 2025 (snapshot 2024-09-29) · BS23 STARTTLS and MTA-STS survey, late 2022 · L20, L22 DANE for
# SMTP, 2020 and 2022 · SPF24, DMARC23 SPF and DMARC, 2024 and 2023 · DP, LDM, DG, MT, VI surveys of MX, SPF and DMARC ·
# DUK counts of DANE by TLD · CKS TLS versions of mail received by a site · ZDNS the sample run in its README

# Operators of mail and of policy hosts
operators                          200000       # ASM
operators-zipf                     1            # ASM: Zipf, s ~ 1
registrars                         40           # ASM
providers                          60           # IMC25 table 2 names 8; ASM
providers-zipf                     1            # IMC25 table 2: 7614, 7293, 3753, 2222, 1558, ...; ASM
policy-third                       0.53         # IMC25: self 37 %, third 42 % of those classified

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
spf                                0.62         # SPF24
spf-no-mx                          0.3          # ASM
dmarc                              0.2          # DMARC23 6.6 % in 2023, DG 30.4 %
dmarc-no-mx                        0.05         # ASM
dmarc-p-none                       0.58         # DG: 12.8 of 30.4 enforced
dmarc-p-quarantine                 0.17         # DG
tokens                             1            # ASM
v6                                 0            # ::1 refuses, and a scan tries it first: nothing that is scored by speed has it
signed                             0.06         # DUK: 23.1 M signed names; ASM

# Waits and limits
dns-latency-ms                     20           # ASM
tcp-latency-ms                     60           # ASM
latency-sigma                      0.8          # ASM
latency-most-ms                    2000         # ASM
greeting-ms                        6000         # ASM: 3 % over 5 s; 20 s greet_pause seen
smtp-per-ip                        20           # ASM: smtpd_client_connection_count_limit of Postfix is 50
smtp-rate-per-ip                   50           # ASM

# What a name takes mail by; the others have MX RRs: 38.7 % (DP)
mail.mail-implicit                 0.45         # ASM
mail.mail-null                     0.02         # ASM
mail.mail-null-beside              0.0001       # ASM
mail.mail-none                     0.0629       # what DP and ASM leave
mail.mail-nxdomain                 0.08         # ASM

# Whose MX hosts
mxset.mx-first                     0.127        # IMC25: 11 M of 86.8 M
mxset.mx-second                    0.09         # DP: the first leads 1.4:1
mxset.mx-bundled                   0.31         # DP: 46.7 M of 149.8 M
mxset.mx-operator                  0.25         # ASM: half of the rest
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

# TXT at _mta-sts of names with MX: 0.12 % have a record; 0.49 % of these are wrong (IMC25); 0.078 % in 2024-09 (IMC25), extrapolated
sts.sts-ok                         0.00081      # IMC25 and ASM: the rest of 0.12 %
sts.sts-unended                    0.0003       # ASM
sts.sts-two-strings                0.0000012    # ASM
sts.sts-multi                      0.0000012    # ASM
sts.sts-beside                     0.000006     # ASM
sts.sts-duplicate                  0.00000024   # ASM
sts.sts-version-blank              0.0000000588 # IMC25: version 16 % of the wrong; ASM which
sts.sts-version-12                 0.000000118  # IMC25: version 16 % of the wrong; ASM which
sts.sts-version-upper              0.000000176  # IMC25: version 16 % of the wrong; ASM which
sts.sts-version-lower              0.000000176  # IMC25: version 16 % of the wrong; ASM which
sts.sts-version-2                  0.0000000588 # IMC25: version 16 % of the wrong; ASM which
sts.sts-id-first                   0.000000118  # IMC25: version 16 % of the wrong; ASM which
sts.sts-leading-blank              0.000000118  # IMC25: version 16 % of the wrong; ASM which
sts.sts-quoted                     0.000000118  # IMC25: version 16 % of the wrong; ASM which
sts.sts-no-id                      0.000000882  # IMC25: no id 20 % of the wrong
sts.sts-empty-id                   0.000000294  # IMC25: no id 20 % of the wrong
sts.sts-id-dash                    0.00000265   # IMC25: bad id 61 % of the wrong; ASM which
sts.sts-id-long                    0.000000353  # IMC25: bad id 61 % of the wrong; ASM which
sts.sts-id-colon                   0.000000588  # IMC25: bad id 61 % of the wrong; ASM which
sts.sts-two-ids                    0.00000024   # ASM
sts.sts-ext-colon                  0.00000002   # IMC25: extension 1 % of the wrong
sts.sts-ext                        0.0000012    # ASM
sts.sts-ext-equals                 0.00000002   # IMC25: extension 1 % of the wrong
sts.sts-ext-empty                  0.00000002   # IMC25: extension 1 % of the wrong
sts.sts-semicolons                 0.0000000294 # IMC25: others 2 % of the wrong
sts.sts-trailing-blank             0.0000000294 # IMC25: others 2 % of the wrong
sts.sts-non-ascii                  0.00000002   # IMC25: others 2 % of the wrong
sts.sts-nul                        0.00000002   # IMC25: others 2 % of the wrong
sts.sts-comma                      0.00000002   # IMC25: others 2 % of the wrong
sts.sts-cname                      0.00006      # ASM: providers
sts.sts-cname-loop                 0.00000024   # ASM
sts.sts-dangling                   0.0000012    # ASM
sts.sts-wild-spf                   0.000006     # ASM
sts.sts-wild-sts                   0.0000024    # ASM
sts.sts-servfail                   0.0000012    # ASM
sts.sts-refused                    0.00000036   # ASM
sts.sts-timeout                    0.0000012    # ASM
sts.sts-bogus                      0.00000036   # ASM
sts.sts-truncated                  0.0000006    # ASM
sts.sts-truncated-dead             0.00000012   # ASM
sts.sts-huge                       0.00000012   # ASM
sts.sts-pointer-loop               0.00000012   # ASM
sts.sts-wrong-id                   0.00000012   # ASM
sts.sts-wrong-name                 0.00000012   # ASM
sts.sts-other-type                 0.00000012   # ASM
sts.sts-www-only                   0.00000012   # ASM

# and of names without
sts-no-mx.sts-ok                   0.000007     # ASM: a tenth, or less, of the names with MX
sts-no-mx.sts-unended              0.0000025    # ASM: a tenth, or less, of the names with MX
sts-no-mx.sts-wild-sts             0.0000002    # ASM: a tenth, or less, of the names with MX
sts-no-mx.sts-wild-spf             0.0000002    # ASM: a tenth, or less, of the names with MX
sts-no-mx.sts-multi                0.00000005   # ASM: a tenth, or less, of the names with MX

# TLS-RPT of names without a valid MTA-STS record; in all 0.07 % (IMC25)
rpt.rpt-ok                         0.00016      # IMC25; ASM which
rpt.rpt-https                      0.00002      # IMC25; ASM which
rpt.rpt-both                       0.000016     # IMC25; ASM which
rpt.rpt-no-rua                     0.0000008    # IMC25; ASM which
rpt.rpt-no-scheme                  0.0000008    # IMC25; ASM which
rpt.rpt-http                       0.0000004    # IMC25; ASM which
rpt.rpt-two-rua                    0.0000004    # IMC25; ASM which
rpt.rpt-size                       0.0000004    # IMC25; ASM which
rpt.rpt-blank                      0.0000004    # IMC25; ASM which
rpt.rpt-multi                      0.0000006    # IMC25; ASM which

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
policy-self.policy-v6-dead         0.00009      # ASM
policy-self.policy-second-dead     0.00009      # ASM
policy-self.policy-bogon           0.00009      # ASM
policy-self.policy-refused         0.0033       # IMC25, self: TCP 0.76 %
policy-self.policy-timeout         0.004        # IMC25, self: TCP 0.76 %
policy-self.policy-reset           0.0003       # IMC25, self: TCP 0.76 %
policy-self.policy-wildcard        0.05         # ASM
policy-self.policy-partial         0.000875     # IMC25, self: TLS 35 %, name 94.5 % of these; ASM which
policy-self.policy-inner           0.000875     # IMC25, self: TLS 35 %, name 94.5 % of these; ASM which
policy-self.policy-two-labels      0.007        # IMC25, self: TLS 35 %, name 94.5 % of these; ASM which
policy-self.policy-wrong-name      0.315        # IMC25, self: TLS 35 %, name 94.5 % of these; ASM which
policy-self.policy-cn-only         0.0035       # IMC25, self: TLS 35 %, name 94.5 % of these; ASM which
policy-self.policy-cn-other        0.0035       # IMC25, self: TLS 35 %, name 94.5 % of these; ASM which
policy-self.policy-expired         0.00682      # IMC25, self: TLS 35 %, expired 2 %
policy-self.policy-not-yet         0.000175     # IMC25, self: TLS 35 %, expired 2 %
policy-self.policy-self-signed     0.007        # IMC25, self: TLS 35 %, self-signed 2.5 %
policy-self.policy-untrusted       0.00105      # IMC25, self: TLS 35 %, self-signed 2.5 %
policy-self.policy-no-chain        0.0007       # IMC25, self: TLS 35 %, self-signed 2.5 %
policy-self.policy-constrained     0.00009      # ASM
policy-self.policy-alert           0.0035       # IMC25, self: TLS 35 %, alert 1 %
policy-self.policy-tls10           0.00009      # ASM
policy-self.policy-tls11           0.00009      # ASM
policy-self.policy-ssl3            0.00009      # ASM
policy-self.policy-rc4             0.00009      # ASM
policy-self.policy-no-cipher       0.00009      # ASM
policy-self.policy-rsa1024         0.00009      # ASM
policy-self.policy-garbage         0.00009      # ASM
policy-self.policy-half            0.00009      # ASM
policy-self.policy-tls-stall       0.00009      # ASM
policy-self.policy-301             0.00105      # IMC25, self: HTTP 1.5 %, 3xx 15 %
policy-self.policy-302             0.0009       # IMC25, self: HTTP 1.5 %, 3xx 15 %
policy-self.policy-307             0.00015      # IMC25, self: HTTP 1.5 %, 3xx 15 %
policy-self.policy-308             0.00015      # IMC25, self: HTTP 1.5 %, 3xx 15 %
policy-self.policy-204             0.00009      # ASM
policy-self.policy-206             0.00009      # ASM
policy-self.policy-304             0.00009      # ASM
policy-self.policy-401             0.00015      # IMC25, self: HTTP 1.5 %, 403 12 %
policy-self.policy-403             0.00165      # IMC25, self: HTTP 1.5 %, 403 12 %
policy-self.policy-404             0.00975      # IMC25, self: HTTP 1.5 %, 404 65 % of these
policy-self.policy-410             0.00009      # ASM
policy-self.policy-500             0.0006       # IMC25, self: HTTP 1.5 %, 5xx 8 %
policy-self.policy-503             0.0006       # IMC25, self: HTTP 1.5 %, 5xx 8 %
policy-self.policy-100             0.00009      # ASM
policy-self.policy-103             0.00009      # ASM
policy-self.policy-parked          0.002        # ASM
policy-self.policy-html            0.002        # ASM
policy-self.policy-octets          0.001        # ASM
policy-self.policy-no-type         0.001        # ASM
policy-self.policy-utf16           0.00009      # ASM
policy-self.policy-upper           0.001        # ASM
policy-self.policy-64k             0.00009      # ASM
policy-self.policy-64k1            0.00009      # ASM
policy-self.policy-endless         0.00009      # ASM
policy-self.policy-bomb            0.00009      # ASM
policy-self.policy-short           0.00009      # ASM
policy-self.policy-drip            0.00009      # ASM
policy-self.policy-stall           0.00009      # ASM
policy-self.policy-silent          0.00009      # ASM
policy-self.policy-gzip            0.00009      # ASM
policy-self.policy-age             0.02         # ASM: caches
policy-self.policy-http09          0.00009      # ASM
policy-self.policy-bad-chunk       0.00009      # ASM
policy-self.policy-lengths         0.00009      # ASM
policy-self.policy-long-line       0.00009      # ASM
policy-self.policy-nul-header      0.00009      # ASM
policy-self.policy-closed          0.00009      # ASM
policy-self.policy-two-bodies      0.00009      # ASM

# and that providers run
policy-third.policy-nodata         0.00001      # IMC25, third: DNS 0; ASM
policy-third.policy-dangling       0.00001      # IMC25, third: DNS 0; ASM
policy-third.policy-second-dead    0.00009      # ASM
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
policy-third.policy-100            0.00009      # ASM
policy-third.policy-html           0.001        # ASM
policy-third.policy-upper          0.001        # ASM
policy-third.policy-gzip           0.00009      # ASM
policy-third.policy-age            0.05         # ASM: caches

# Policies; 0.22 % of those of their own, 0.28 % of those of providers are wrong (IMC25)
body.body-lf                       0.45         # ASM
body.body-mixed                    0.005        # ASM
body.body-unended                  0.15         # ASM
body.body-bare-cr                  0.00003      # ASM
body.body-blank-line               0.0005       # ASM
body.body-two-ends                 0.002        # ASM
body.body-indented                 0.0002       # ASM
body.body-bom                      0.00003      # ASM
body.body-colon-blank              0.00003      # ASM
body.body-key-case                 0.00003      # ASM
body.body-mode-case                0.00003      # ASM
body.body-tight                    0.02         # ASM
body.body-trailing                 0.01         # ASM
body.body-version-last             0.002        # ASM
body.body-no-version               0.00003      # ASM
body.body-no-mode                  0.00003      # ASM
body.body-no-max-age               0.00003      # ASM
body.body-no-mx                    0.00003      # ASM
body.body-empty                    0.0001       # IMC25: 5 of 136
body.body-none-no-mx               0.01         # ASM
body.body-two-modes                0.00003      # ASM
body.body-two-ages                 0.00003      # ASM
body.body-two-versions             0.00003      # ASM
body.body-age-0                    0.0005       # ASM
body.body-age-most                 0.01         # ASM
body.body-age-over                 0.00003      # ASM
body.body-age-huge                 0.00003      # ASM
body.body-age-negative             0.00003      # ASM
body.body-age-exponent             0.00003      # ASM
body.body-age-unit                 0.00003      # ASM
body.body-mx-comma                 0.00003      # ASM
body.body-mx-two                   0.00003      # ASM
body.body-mx-at                    0.0006       # IMC25: 87 of 136 are mx
body.body-mx-dot                   0.0006       # IMC25: 87 of 136 are mx
body.body-mx-empty                 0.0004       # IMC25: 87 of 136 are mx
body.body-mx-star                  0.00003      # ASM
body.body-mx-stars                 0.00003      # ASM
body.body-mx-part-star             0.00003      # ASM
body.body-mx-literal               0.00003      # ASM
body.body-mx-leading-dot           0.00003      # ASM
body.body-mx-address               0.00003      # ASM
body.body-mx-ulabel                0.00003      # ASM
body.body-ext                      0.001        # ASM
body.body-ext-empty                0.00003      # ASM
body.body-many-mx                  0.00003      # ASM
body.body-long-line                0.00003      # ASM

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
smtp-self.smtp-banner-4k           0.00009      # ASM
smtp-self.smtp-lf                  0.00009      # ASM
smtp-self.smtp-split               0.00009      # ASM
smtp-self.smtp-endless             0.00009      # ASM
smtp-self.smtp-silent              0.0002       # ASM (L20: 20 of 7.9 k block)
smtp-self.smtp-early-close         0.0002       # ASM (L20: 20 of 7.9 k block)
smtp-self.smtp-not-smtp            0.00009      # ASM
smtp-self.smtp-helo-only           0.0018       # BS23: STARTTLS at 96 % of those reached
smtp-self.smtp-no-starttls         0.0335       # BS23: STARTTLS at 96 % of those reached
smtp-self.smtp-second-look         0.00072      # BS23: STARTTLS at 96 % of those reached
smtp-self.smtp-454                 0.00009      # ASM
smtp-self.smtp-502                 0.00009      # ASM
smtp-self.smtp-injected            0.00009      # ASM
smtp-self.smtp-go-close            0.00009      # ASM
smtp-self.smtp-go-reset            0.00009      # ASM
smtp-self.smtp-go-garbage          0.00009      # ASM
smtp-self.smtp-go-stall            0.00009      # ASM
smtp-self.smtp-alert               0.00009      # ASM
smtp-self.smtp-ssl3                0.00009      # ASM
smtp-self.smtp-tls12               0.168        # CKS, ASM per host: 1.2
smtp-self.smtp-tls11               0.00173      # CKS, ASM per host: 1.1 and less
smtp-self.smtp-tls10               0.00259      # CKS, ASM per host: 1.1 and less
smtp-self.smtp-wrong-name          0.15         # BS23: 30 % wrong; ASM name 60 %
smtp-self.smtp-cn-only             0.00259      # BS23: 30 % wrong; ASM name 60 %
smtp-self.smtp-expired             0.0257       # BS23: 30 % wrong; ASM expired 10 %
smtp-self.smtp-not-yet             0.000259     # BS23: 30 % wrong; ASM expired 10 %
smtp-self.smtp-self-signed         0.0648       # BS23: 30 % wrong; ASM self-signed 25 %
smtp-self.smtp-untrusted           0.00441      # BS23: 30 % wrong; ASM chain 5 %
smtp-self.smtp-no-chain            0.00778      # BS23: 30 % wrong; ASM chain 5 %
smtp-self.smtp-two-labels          0.00233      # BS23: 30 % wrong; ASM name 60 %
smtp-self.smtp-nul-name            0.00013      # BS23: 30 % wrong; ASM name 60 %
smtp-self.smtp-ulabel              0.00013      # BS23: 30 % wrong; ASM name 60 %
smtp-self.smtp-constrained         0.000259     # BS23: 30 % wrong; ASM chain 5 %
smtp-self.smtp-rsa1024             0.000518     # BS23: 30 % wrong; ASM chain 5 %
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
smtp-sts.smtp-banner-4k            0.00009      # ASM
smtp-sts.smtp-lf                   0.00009      # ASM
smtp-sts.smtp-split                0.00009      # ASM
smtp-sts.smtp-endless              0.00009      # ASM
smtp-sts.smtp-silent               0.00005      # ASM (L20: 20 of 7.9 k block)
smtp-sts.smtp-early-close          0.00005      # ASM (L20: 20 of 7.9 k block)
smtp-sts.smtp-not-smtp             0.00009      # ASM
smtp-sts.smtp-helo-only            0.000246     # ASM
smtp-sts.smtp-no-starttls          0.00458      # ASM
smtp-sts.smtp-second-look          0.0000985    # ASM
smtp-sts.smtp-454                  0.00009      # ASM
smtp-sts.smtp-502                  0.00009      # ASM
smtp-sts.smtp-injected             0.00009      # ASM
smtp-sts.smtp-go-close             0.00009      # ASM
smtp-sts.smtp-go-reset             0.00009      # ASM
smtp-sts.smtp-go-garbage           0.00009      # ASM
smtp-sts.smtp-go-stall             0.00009      # ASM
smtp-sts.smtp-alert                0.00009      # ASM
smtp-sts.smtp-ssl3                 0.00009      # ASM
smtp-sts.smtp-tls12                0.191        # CKS, ASM per host: 1.2
smtp-sts.smtp-tls11                0.00196      # CKS, ASM per host: 1.1 and less
smtp-sts.smtp-tls10                0.00294      # CKS, ASM per host: 1.1 and less
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
smtp-operator.smtp-tls12           0.184        # CKS, ASM per host: 1.2
smtp-operator.smtp-tls11           0.00189      # CKS, ASM per host: 1.1 and less
smtp-operator.smtp-tls10           0.00284      # CKS, ASM per host: 1.1 and less
smtp-operator.smtp-wrong-name      0.0823       # ASM: half as many wrong as self-hosted; ASM name 60 %
smtp-operator.smtp-cn-only         0.00142      # ASM: half as many wrong as self-hosted; ASM name 60 %
smtp-operator.smtp-expired         0.014        # ASM: half as many wrong as self-hosted; ASM expired 10 %
smtp-operator.smtp-not-yet         0.000142     # ASM: half as many wrong as self-hosted; ASM expired 10 %
smtp-operator.smtp-self-signed     0.0355       # ASM: half as many wrong as self-hosted; ASM self-signed 25 %
smtp-operator.smtp-untrusted       0.00241      # ASM: half as many wrong as self-hosted; ASM chain 5 %
smtp-operator.smtp-no-chain        0.00426      # ASM: half as many wrong as self-hosted; ASM chain 5 %
smtp-operator.smtp-two-labels      0.00128      # ASM: half as many wrong as self-hosted; ASM name 60 %
smtp-operator.smtp-nul-name        0.0000709    # ASM: half as many wrong as self-hosted; ASM name 60 %
smtp-operator.smtp-ulabel          0.0000709    # ASM: half as many wrong as self-hosted; ASM name 60 %
smtp-operator.smtp-constrained     0.000142     # ASM: half as many wrong as self-hosted; ASM chain 5 %
smtp-operator.smtp-rsa1024         0.000284     # ASM: half as many wrong as self-hosted; ASM chain 5 %
smtp-operator.smtp-sni             0.002        # ASM

# TLSA of MX hosts: 2.6 % (L22, L20, DUK)
tlsa.tlsa-ok                       0.0194       # the rest
tlsa.tlsa-mismatch                 0.000962     # L20: 3.7 %
tlsa.tlsa-unusable                 0.000104     # L20: usage and selector 11.81 % of the mismatches
tlsa.tlsa-ta-absent                0.000052     # ASM
tlsa.tlsa-insecure                 0.0052       # L20: 20 % without DS
tlsa.tlsa-servfail                 0.000143     # L20: RRSIG 0.55 %
tlsa.tlsa-rollover                 0.000169     # ASM

# What a question meets besides its answer
query.query-servfail               0.015        # ASM
query.query-timeout                0.007        # ASM
query.query-lost-once              0.005        # ASM
