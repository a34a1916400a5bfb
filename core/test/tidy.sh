#!/usr/bin/env bash
# The habits of this tree, checked: which way includes point, no network's name in the core, links in the documentation,
# no clock but the injected one, files that open with what they are, decisions numbered without gaps.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
failed=0
complain() { # title, lines
  [ -n "$2" ] || return 0
  printf '%s\n%s\n' "$1" "$2" >&2
  failed=1
}
sources() { git ls-files --cached --others --exclude-standard "$@" | while read -r file; do [ -f "$file" ] && echo "$file"; done; }

networks=$(for folder in adapters/*/; do basename "$folder"; done | grep -v -x sandbox | paste -sd '|')
complain "A network's name where none belongs:" \
  "$(sources core scripting cli conformance | xargs grep -n -i -E "$networks" 2>/dev/null | head -20)"

complain "adapter_api includes more than it may:" \
  "$(sources core/adapter_api | xargs grep -n -E '#include <(postrider/(core|script|cli|conformance)|boost/asio|curl|SQLiteCpp|lua)' | head)"
complain "core includes what stands above it:" \
  "$(sources core | xargs grep -n -E '#include <postrider/(script|cli|conformance)' | head)"
complain "scripting includes what stands above it:" \
  "$(sources scripting | xargs grep -n -E '#include <postrider/(cli|conformance)' | head)"
complain "An adapter includes the engine:" \
  "$(sources 'adapters/*.cpp' 'adapters/*.hpp' | grep -v -E '_test\.cpp$|/test/|/emulator/|/simulate/' | xargs grep -n -E '#include <(postrider/(core|script|cli|conformance)|boost/asio)' | head)"
complain "An emulator includes the adapter or the engine:" \
  "$(sources 'adapters/*/emulator/*' | grep -v _test | xargs grep -n -E '#include <postrider/(core|script|cli|conformance)' 2>/dev/null | head)"

complain "A clock or generator that is not injected:" \
  "$(sources 'core/src/*.cpp' 'scripting/src/*.cpp' | grep -v -E '_test\.cpp$|core/src/(time|job/random|net|media|store)/?' |
    xargs grep -n -E 'std::chrono::(system|steady)_clock::now|random_device|std::rand\b|sleep_for' | head)"

complain "Source files that do not open with what they are:" \
  "$(sources '*.cpp' '*.hpp' | while read -r file; do head -n 1 "$file" | grep -q '^//' || echo "$file"; done | head)"

complain "Links in the documentation that lead nowhere:" \
  "$(sources '*.md' | while read -r file; do
    awk '/^```/ { code = !code } !code' "$file" | grep -o -E '\]\([^)#: ]+' | sed 's/](//' | while read -r target; do
      [ -e "$(dirname "$file")/$target" ] || echo "$file: $target"
    done
  done | head)"

number=0
for file in docs/decisions/[0-9]*.md; do
  number=$((number + 1))
  case "$(basename "$file")" in
    "$(printf '%04d' "$number")"-*) ;;
    *) complain "Decisions are numbered without gaps:" "$file is not number $(printf '%04d' "$number")" ;;
  esac
done

complain "Paths of this machine in tracked files:" "$(git grep -n -I -F "$PWD/" | head)"
exit "$failed"
