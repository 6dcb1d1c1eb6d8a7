#!/bin/sh
# What action.yml runs: notify.sh, with its outcome as the step's outputs and as the job's summary.
set +x
set -u
LC_ALL=C
export LC_ALL

folder=$(dirname "$0")
outcome=$(mktemp)
trap 'rm -f "$outcome"' EXIT

# From here on the runner hides the token, wherever it might turn up.
[ -z "${NOTIFY_TOKEN:-}" ] || printf '::add-mask::%s\n' "$NOTIFY_TOKEN"
# What the service and the container have to say must not be taken for commands to the runner.
resume=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '::stop-commands::%s\n' "$resume"
NOTIFY_OUTPUT=$outcome sh "$folder/notify.sh"
exit_code=$?
printf '::%s::\n' "$resume"

value() { sed -n "s/^$1=//p" "$outcome" | sed 1q; }
as_text() { sed 's/[][\\`*_{}<>|#~]/\\&/g'; }
# shellcheck disable=SC2016 # backticks of Markdown, not of the shell
as_code() { tr -d '`|' | sed 's/..*/`&`/; s/^$/–/'; }

[ -s "$outcome" ] || printf 'status=rejected\n' >"$outcome"
cat "$outcome" >>"${GITHUB_OUTPUT:-/dev/null}"
{
  printf '### %s: %s\n\n' "$(printf '%s' "${NOTIFY_CONTAINER:-}" | as_text)" "$(value status | as_text)"
  [ -z "$(value warning)" ] || printf '%s\n\n' "$(value warning | as_text)"
  [ -z "$(value message)" ] || printf '%s\n\n' "$(value message | as_text)"
  printf '| result | deployment | old digest | new digest | seconds |\n|---|---|---|---|---|\n'
  printf '| %s | %s | %s | %s | %s |\n\n' "$(printf '%s\n' "$(value result)$(value code)" | as_code)" \
    "$(printf '%s\n' "$(value deployment_id)" | as_code)" "$(printf '%s\n' "$(value old_digest)" | as_code)" \
    "$(printf '%s\n' "$(value new_digest)" | as_code)" "$(value seconds)"
} >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
if [ "$exit_code" -eq 0 ] && [ -n "$(value warning)" ]; then
  printf '::warning title=Deploy of %s::%s\n' "${NOTIFY_CONTAINER:-a container}" "$(value warning | sed 's/%/%25/g')"
fi
if [ "$exit_code" -ne 0 ]; then
  printf '::error title=Deploy of %s::%s\n' "${NOTIFY_CONTAINER:-a container}" "$(value message | sed 's/%/%25/g')"
fi
exit "$exit_code"
