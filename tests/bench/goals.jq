# SPDX-License-Identifier: BSD-3-Clause
# goals.jq - floors and goals of a bench, as text.
def left($n): tostring | . + (" " * ([0, $n - length] | max));
def two: . * 1000 | round / 1000 | tostring;
"", "due to" + "                      floor  goal   medians        floor held   goal reached",
(.goals[] | (.name | left(28)) + (.floor | left(7)) + (.goal | left(7)) + ("\(.least | two)-\(.most | two)" | left(15)) +
	("\(.held) of \(.judged)" | left(13)) + "\(.reached) of \(.judged)" +
	(if .judged < .rows then "  (\(.rows - .judged) too noisy to say)" else "" end)),
"baseline against itself: \(.self.cases_steady) of \(.self.cases) cases within 0.93..1.07; worst quartiles \(.self.worst_q1) \(.self.worst_q3)",
(.absent[] | "not here: \(.name): \(.why)")
