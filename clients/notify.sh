#!/bin/sh
# Notifies trigger-docker-pull and waits for the outcome. Needs a POSIX shell, awk, sed and curl, and nothing else.
#
#   NOTIFY_URL=https://deploy.example NOTIFY_TOKEN=… sh notify.sh [-d DIGEST] [-t SECONDS] [-r] [-s] [-l] CONTAINER
#
#   -d DIGEST   the digest that was just pushed: succeed only where that is proved to run    NOTIFY_DIGEST
#   -t SECONDS  how long to wait for the outcome in all, 300 by default                      NOTIFY_TIMEOUT
#   -r          try an image again from which an update was rolled back before                NOTIFY_RETRY=true
#   -s          start the container if it does not run                                       NOTIFY_START=true
#   -l          on failure, print the new container's last log lines                         NOTIFY_LOGS=true
#   CONTAINER   the full name of the container                                               NOTIFY_CONTAINER
#
# Each may be given as the variable on its right instead. Only variables:
#
#   NOTIFY_URL         where the service is
#   NOTIFY_TOKEN       the secret; or NOTIFY_TOKEN_FILE, a file that holds it. It is never printed, and never an argument
#   NOTIFY_OUTPUT      a file to which name=value lines are appended: status, result, deployment_id, container,
#                      old_digest, new_digest, seconds, code, warning, message
#   NOTIFY_WAIT_STEP   how long one request waits, 50 seconds by default: proxies cut those that take longer than 60
#
# Exit codes:
#   0  the container runs the image: it was updated, or was up to date
#   1  the update failed, was rolled back, or was taken out of the queue by somebody
#   2  wrong usage, or the service refuses the request: wrong token, wrong name
#   3  the outcome is not known: the service was not reached, or the update did not end in time
#   4  a later push overtook the digest
set +x # whoever debugs a job must not get the token into its log
set -u
LC_ALL=C
export LC_ALL
umask 077

say() { printf '%s\n' "$*"; }
complain() { printf 'notify: %s\n' "$*" >&2; }

# The scalars of a JSON document on the standard input, one path=value a line: deployment.error.code=unhealthy.
# The service sends UTF-8 as it is; what it escapes are control characters, which become spaces here.
json_scalars() {
  awk '
    function skip_space() { sub(/^[ \t\r\n]+/, "", rest) }
    function next_char(  char) { char = substr(rest, 1, 1); rest = substr(rest, 2); return char }
    function parse_string(  raw, text, at, char) {
      if (!match(rest, /^"([^"\\]|\\.)*"/)) exit 1
      raw = substr(rest, 2, RLENGTH - 2); rest = substr(rest, RLENGTH + 1); text = ""
      while ((at = index(raw, "\\")) > 0) {
        text = text substr(raw, 1, at - 1); char = substr(raw, at + 1, 1); raw = substr(raw, at + 2)
        if (char == "u") { raw = substr(raw, 5); text = text " " }
        else text = text (index("bfnrt", char) ? " " : char)
      }
      return text raw
    }
    function parse_value(path,  char, count) {
      skip_space(); char = substr(rest, 1, 1)
      if (char == "\"") print path "=" parse_string()
      else if (char == "{" || char == "[") {
        next_char(); skip_space(); count = 0
        if (substr(rest, 1, 1) ~ /[]}]/) { next_char(); return }
        do {
          if (char == "{") {
            skip_space(); key[path] = parse_string(); skip_space()
            if (next_char() != ":") exit 1
          } else key[path] = count++
          parse_value(path == "" ? key[path] : path "." key[path]); skip_space(); separator = next_char()
        } while (separator == ",")
        if (separator != (char == "{" ? "}" : "]")) exit 1
      } else {
        if (!match(rest, /^[-+.0-9A-Za-z]+/)) exit 1
        print path "=" substr(rest, 1, RLENGTH); rest = substr(rest, RLENGTH + 1)
      }
    }
    { rest = rest $0 "\n" }
    END { parse_value("") }
  '
}

# field PATH: of the last answer; of several paths, the first that is there.
field() {
  for path in "$@"; do
    value=$(printf '%s\n' "$answer" | sed -n "s/^$path=//p" | sed 1q)
    [ -z "$value" ] || break
  done
  printf '%s' "$value"
}

header() { sed -n "s/^$1: *//p" "$work/head" | tr -d '\r' | sed 1q; }

# request METHOD PATH SECONDS: sets status (000 where there was no answer) and answer.
request() {
  : >"$work/head"
  : >"$work/body"
  status=$(
    printf '%s' "$token" | sed 's/[\\"]/\\&/g; s/^/header = "Authorization: Bearer /; s/$/"/' |
      curl -q --config - --silent --show-error --request "$1" --connect-timeout 10 --max-time "$(($3 + 15))" \
        --dump-header "$work/head" --output "$work/body" --write-out '%{http_code}' "$url$2" 2>"$work/error"
  ) || status=000
  answer=$(json_scalars <"$work/body" 2>/dev/null)
}

# pause SECONDS: but not beyond the deadline.
pause() {
  seconds=$1
  [ "$seconds" -le "$((deadline - $(date +%s)))" ] || seconds=$((deadline - $(date +%s)))
  [ "$seconds" -le 0 ] || sleep "$seconds"
}

# Of the last answer, one a line. A caller that may not read deployments is told only that the container does not run.
warnings() {
  found=$(printf '%s\n' "$answer" | sed -n 's/^\(deployment\.\)\{0,1\}warnings\.[0-9]*=//p')
  [ -n "$found" ] || [ "$(field running)" != false ] || found="$container does not run and stays stopped"
  [ -z "$found" ] || say "$found"
}

# report STATUS MESSAGE: what NOTIFY_OUTPUT gets, of the last answer.
report() {
  [ -n "${NOTIFY_OUTPUT:-}" ] || return 0
  {
    say "status=$1"
    say "result=$(field result deployment.result)"
    say "deployment_id=$id"
    say "container=$container"
    say "old_digest=$(field fromDigest deployment.fromDigest)"
    say "new_digest=$(field digest deployment.digest)"
    say "seconds=$(($(date +%s) - begun))"
    say "code=$(field error.code deployment.error.code code)"
    say "warning=$(warnings | tr '\n' ';' | sed 's/;$//; s/;/; /g')"
    say "message=$2"
  } >>"$NOTIFY_OUTPUT"
}

give_up() { # EXIT_CODE STATUS MESSAGE
  complain "$3"
  report "$2" "$3"
  exit "$1"
}

finish() {
  outcome=$(field status)
  [ "$status" = 200 ] || outcome=$(field deployment.status)
  id=$(field deployment.id id)
  if [ "$status" = 200 ]; then
    say "$container: $(field result) $(field digest toImageId), after $(($(date +%s) - begun)) s (deployment $id)"
    warnings | sed 's/^/notify: warning: /' >&2
    report "$outcome" ''
    exit 0
  fi
  if [ "${NOTIFY_LOGS:-false}" = true ]; then
    printf '%s\n' "$answer" | sed -n 's/^deployment\.error\.logTail\.[0-9]*=/  | /p'
  fi
  message="$(field detail) (deployment $id)"
  [ "$(field code)" != superseded ] || give_up 4 superseded "$container: superseded: $message"
  give_up 1 "$outcome" "$container: $outcome: $(field code): $message"
}

usage() {
  complain "$1"
  sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

digest=${NOTIFY_DIGEST:-}
timeout=${NOTIFY_TIMEOUT:-300}
step=${NOTIFY_WAIT_STEP:-50}
while getopts d:t:rslh option; do
  case $option in
    d) digest=$OPTARG ;;
    t) timeout=$OPTARG ;;
    r) NOTIFY_RETRY=true ;;
    s) NOTIFY_START=true ;;
    l) NOTIFY_LOGS=true ;;
    h) sed -n '2,/^set /s/^# \{0,1\}//p' "$0" && exit 0 ;;
    *) usage 'there is no such option' ;;
  esac
done
shift $((OPTIND - 1))
[ $# -le 1 ] || usage 'one container at a time'
container=${1:-${NOTIFY_CONTAINER:-}}
url=${NOTIFY_URL:-}
url=${url%/}
token=${NOTIFY_TOKEN:-}
if [ -z "$token" ] && [ -n "${NOTIFY_TOKEN_FILE:-}" ]; then
  token=$(cat "$NOTIFY_TOKEN_FILE") || usage 'NOTIFY_TOKEN_FILE cannot be read'
fi
case $url in http://?* | https://?*) ;; *) usage 'NOTIFY_URL must be the address of the service, as in https://deploy.example' ;; esac
case $url in *[!!-~]* | *[\"\\]*) usage 'NOTIFY_URL holds what no address does' ;; esac
case $token in '' | *[!!-~]*) usage 'NOTIFY_TOKEN must be the secret of the service: visible characters, no white space' ;; esac
case $container in '' | *[!A-Za-z0-9_.-]*) usage 'CONTAINER must be the full name of a container' ;; esac
case $digest in '' | sha256:*) ;; *) usage 'DIGEST must begin with sha256:' ;; esac
case ${digest#sha256:} in *[!a-f0-9]*) usage 'DIGEST must be sha256: and 64 lower-case hex digits' ;; esac
retry=
case ${NOTIFY_RETRY:-false} in false) ;; true) retry='&retry=true' ;; *) usage 'NOTIFY_RETRY must be true or false' ;; esac
start=
case ${NOTIFY_START:-false} in false) ;; true) start='&start=true' ;; *) usage 'NOTIFY_START must be true or false' ;; esac
case $timeout$step in *[!0-9]*) usage 'SECONDS must be a whole number' ;; esac

work=$(mktemp -d) || give_up 3 unknown 'cannot make a temporary folder'
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

begun=$(date +%s)
deadline=$((begun + timeout))
id=
answer=
problem='the time was over before the first request'
while :; do
  left=$((deadline - $(date +%s)))
  [ "$left" -gt 0 ] || give_up 3 unknown "$container: no outcome within $timeout s: $problem"
  [ "$left" -le "$step" ] || left=$step
  if [ -n "$id" ]; then
    request GET "/deployments/$id?wait=$left" "$left"
  else
    request POST "/notify/$container?wait=$left${digest:+&digest=$digest}$retry$start" "$left"
  fi
  code=$(field code)
  case $status:$code in
    # Somebody's DELETE is a decision; every other drop is a stop of the service.
    200:* | 422:* | 503:cancelled) finish ;;
    504:still_running)
      id=$(field deployment.id)
      problem="deployment $id is $(field deployment.status)"
      say "$container: $problem $(printf '%s\n' "$answer" | sed -n 's/^deployment\.stages\.[0-9]*\.stage=/at /p' | sed -n '$p')"
      ;;
    404:unknown_deployment)
      say "$container: deployment $id was lost at a restart of the service; notifying again"
      id=
      pause 1
      ;;
    503:* | 429:* | 408:* | 5??:* | 000:*)
      problem=$(field detail)
      [ -n "$problem" ] || problem=$(sed 1q "$work/error")
      [ -n "$problem" ] || problem="the service answered $status"
      complain "$container: $problem; trying again"
      # Dropped by a stop of the service: nothing was touched, and nobody remembers the request.
      [ "$(field deployment.status)" != dropped ] || id=
      after=$(header '[Rr]etry-[Aa]fter')
      case $after in '' | *[!0-9]* | ????*) after=2 ;; esac
      [ "$after" -gt 0 ] || after=1
      [ "$after" -le 30 ] || after=30
      pause "$after"
      ;;
    *) give_up 2 rejected "$container: the service refuses the request: $status $code: $(field detail)" ;;
  esac
done
