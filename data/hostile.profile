# hostile.profile - peers that mean harm: two names in three have one somewhere, in DNS, at the policy host or at an MX host
# (tests/HOSTILE.md). Parameters as in every.profile. What a table leaves of 1 is its first class.

operators                          50000        # as every
operators-zipf                     1            # as every
registrars                         40           # as every
providers                          60           # as every
providers-zipf                     1            # as every
policy-third                       0.667        # as every
mx-count-1                         0.6          # as every
mx-count-2                         0.25         # as every
mx-count-3-5                       0.14         # as every
mode-enforce                       0.55         # as every
mode-testing                       0.4          # as every
max-age-day                        0.2          # as every
max-age-week                       0.45         # as every
max-age-month                      0.15         # as every
spf                                0.94         # as every
spf-no-mx                          0.4          # as every
dmarc                              0.68         # as every
dmarc-no-mx                        0.2          # as every
dmarc-p-none                       0.38         # as every
dmarc-p-quarantine                 0.28         # as every
tokens                             4            # as every
v6                                 0            # as every
signed                             0.05         # as every
dns-latency-ms                     20           # as every
tcp-latency-ms                     60           # as every
latency-sigma                      0.8          # as every
latency-most-ms                    2000         # as every
greeting-ms                        6000         # as every
smtp-per-ip                        20           # as every
smtp-rate-per-ip                   50           # as every

mail.mail-implicit                 0.05         # some

mxset.mx-operator                  0.1          # even
mxset.mx-literal                   0.05         # even
mxset.mx-localhost                 0.05         # even
mxset.mx-many                      0.005        # few: each has 20 hosts that are probed
mxset.mx-no-address                0.05         # even
mxset.mx-dangling                  0.05         # even
mxset.mx-bogon                     0.05         # even
mxset.mx-cname                     0.05         # even

sts.sts-ok                         0.5          # even
sts.sts-nul                        0.031818     # even
sts.sts-non-ascii                  0.031818     # even
sts.sts-cname-loop                 0.031818     # even
sts.sts-timeout                    0.031818     # even
sts.sts-truncated                  0.031818     # even
sts.sts-truncated-dead             0.031818     # even
sts.sts-huge                       0.031818     # even
sts.sts-pointer-loop               0.031818     # even
sts.sts-wrong-id                   0.031818     # even
sts.sts-wrong-name                 0.031818     # even
sts.sts-other-type                 0.031818     # even

sts-no-mx.sts-ok                   0.1          # even
sts-no-mx.sts-nul                  0.031818     # even
sts-no-mx.sts-non-ascii            0.031818     # even
sts-no-mx.sts-cname-loop           0.031818     # even
sts-no-mx.sts-timeout              0.031818     # even
sts-no-mx.sts-truncated            0.031818     # even
sts-no-mx.sts-truncated-dead       0.031818     # even
sts-no-mx.sts-huge                 0.031818     # even
sts-no-mx.sts-pointer-loop         0.031818     # even
sts-no-mx.sts-wrong-id             0.031818     # even
sts-no-mx.sts-wrong-name           0.031818     # even
sts-no-mx.sts-other-type           0.031818     # even

policy-self.policy-bogon           0.021739     # even
policy-self.policy-timeout         0.021739     # even
policy-self.policy-reset           0.021739     # even
policy-self.policy-alert           0.021739     # even
policy-self.policy-ssl3            0.021739     # even
policy-self.policy-rc4             0.021739     # even
policy-self.policy-garbage         0.021739     # even
policy-self.policy-half            0.021739     # even
policy-self.policy-tls-stall       0.021739     # even
policy-self.policy-64k1            0.021739     # even
policy-self.policy-endless         0.021739     # even
policy-self.policy-bomb            0.021739     # even
policy-self.policy-short           0.021739     # even
policy-self.policy-drip            0.021739     # even
policy-self.policy-stall           0.021739     # even
policy-self.policy-silent          0.021739     # even
policy-self.policy-gzip            0.021739     # even
policy-self.policy-http09          0.021739     # even
policy-self.policy-bad-chunk       0.021739     # even
policy-self.policy-lengths         0.021739     # even
policy-self.policy-long-line       0.021739     # even
policy-self.policy-nul-header      0.021739     # even
policy-self.policy-closed          0.021739     # even

policy-third.policy-bogon          0.021739     # even
policy-third.policy-timeout        0.021739     # even
policy-third.policy-reset          0.021739     # even
policy-third.policy-alert          0.021739     # even
policy-third.policy-ssl3           0.021739     # even
policy-third.policy-rc4            0.021739     # even
policy-third.policy-garbage        0.021739     # even
policy-third.policy-half           0.021739     # even
policy-third.policy-tls-stall      0.021739     # even
policy-third.policy-64k1           0.021739     # even
policy-third.policy-endless        0.021739     # even
policy-third.policy-bomb           0.021739     # even
policy-third.policy-short          0.021739     # even
policy-third.policy-drip           0.021739     # even
policy-third.policy-stall          0.021739     # even
policy-third.policy-silent         0.021739     # even
policy-third.policy-gzip           0.021739     # even
policy-third.policy-http09         0.021739     # even
policy-third.policy-bad-chunk      0.021739     # even
policy-third.policy-lengths        0.021739     # even
policy-third.policy-long-line      0.021739     # even
policy-third.policy-nul-header     0.021739     # even
policy-third.policy-closed         0.021739     # even

body.body-many-mx                  0.0875       # even
body.body-long-line                0.0875       # even
body.body-bare-cr                  0.0875       # even
body.body-bom                      0.0875       # even

smtp-self.smtp-timeout             0.027778     # even
smtp-self.smtp-reset               0.027778     # even
smtp-self.smtp-banner-4k           0.027778     # even
smtp-self.smtp-lf                  0.027778     # even
smtp-self.smtp-split               0.027778     # even
smtp-self.smtp-endless             0.027778     # even
smtp-self.smtp-silent              0.027778     # even
smtp-self.smtp-early-close         0.027778     # even
smtp-self.smtp-not-smtp            0.027778     # even
smtp-self.smtp-injected            0.027778     # even
smtp-self.smtp-go-close            0.027778     # even
smtp-self.smtp-go-reset            0.027778     # even
smtp-self.smtp-go-garbage          0.027778     # even
smtp-self.smtp-go-stall            0.027778     # even
smtp-self.smtp-alert               0.027778     # even
smtp-self.smtp-ssl3                0.027778     # even
smtp-self.smtp-nul-name            0.027778     # even
smtp-self.smtp-ulabel              0.027778     # even

smtp-operator.smtp-timeout         0.027778     # even
smtp-operator.smtp-reset           0.027778     # even
smtp-operator.smtp-banner-4k       0.027778     # even
smtp-operator.smtp-lf              0.027778     # even
smtp-operator.smtp-split           0.027778     # even
smtp-operator.smtp-endless         0.027778     # even
smtp-operator.smtp-silent          0.027778     # even
smtp-operator.smtp-early-close     0.027778     # even
smtp-operator.smtp-not-smtp        0.027778     # even
smtp-operator.smtp-injected        0.027778     # even
smtp-operator.smtp-go-close        0.027778     # even
smtp-operator.smtp-go-reset        0.027778     # even
smtp-operator.smtp-go-garbage      0.027778     # even
smtp-operator.smtp-go-stall        0.027778     # even
smtp-operator.smtp-alert           0.027778     # even
smtp-operator.smtp-ssl3            0.027778     # even
smtp-operator.smtp-nul-name        0.027778     # even
smtp-operator.smtp-ulabel          0.027778     # even

smtp-sts.smtp-timeout              0.027778     # even
smtp-sts.smtp-reset                0.027778     # even
smtp-sts.smtp-banner-4k            0.027778     # even
smtp-sts.smtp-lf                   0.027778     # even
smtp-sts.smtp-split                0.027778     # even
smtp-sts.smtp-endless              0.027778     # even
smtp-sts.smtp-silent               0.027778     # even
smtp-sts.smtp-early-close          0.027778     # even
smtp-sts.smtp-not-smtp             0.027778     # even
smtp-sts.smtp-injected             0.027778     # even
smtp-sts.smtp-go-close             0.027778     # even
smtp-sts.smtp-go-reset             0.027778     # even
smtp-sts.smtp-go-garbage           0.027778     # even
smtp-sts.smtp-go-stall             0.027778     # even
smtp-sts.smtp-alert                0.027778     # even
smtp-sts.smtp-ssl3                 0.027778     # even
smtp-sts.smtp-nul-name             0.027778     # even
smtp-sts.smtp-ulabel               0.027778     # even

query.query-timeout                0.02         # even
query.query-servfail               0.01         # even
