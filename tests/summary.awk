# Counts the test cases of surefire's XML reports; names the failed ones and groups the skipped ones by reason.
# Ends with status 1 if one failed or none ran. "problems" is the number of failures outside a test.

function attribute(line, name,    start) {
  start = index(line, " " name "=\"")
  if (!start) return ""
  line = substr(line, start + length(name) + 3)
  return plain(substr(line, 1, index(line, "\"") - 1))
}

# The first lines of a text, without the escapes of XML.
function plain(text,    lines, count, i) {
  count = split(text, lines, /&#10;/)
  text = lines[1]
  for (i = 2; i <= count && i <= 12; i++) text = text "\n    " lines[i]
  gsub(/&#[0-9]+;/, " ", text)
  gsub(/&lt;/, "<", text)
  gsub(/&gt;/, ">", text)
  gsub(/&quot;/, "\"", text)
  gsub(/&apos;/, "'", text)
  gsub(/&amp;/, "\\&", text)
  return text
}

# Whether the line ends inside a CDATA section, given whether it begins in one.
function ends_in_text(line, in_text,    end) {
  while (end = index(line, in_text ? "]]>" : "<![CDATA[")) {
    line = substr(line, end + (in_text ? 3 : 9))
    in_text = !in_text
  }
  return in_text
}

# A disabled test's reason is an attribute; an assumption's is the first line of the stack trace.
function reason_of(line,    start) {
  if (start = index(line, "TestAbortedException: ")) line = substr(line, start + 22)
  else line = attribute(line, "message")
  sub(/^Assumption failed: /, "", line)
  sub(/\n.*/, "", line)
  sub(/\]\]>.*/, "", line)
  return line == "" ? "no reason given (" name ")" : line
}

# What tests print is in CDATA too, and may look like anything.
in_text {
  in_text = ends_in_text($0, 1)
  next
}

{ in_text = ends_in_text($0, 0) }

/^ *<testcase / {
  total++
  name = attribute($0, "classname") "." attribute($0, "name")
  sub(/^io\.annulet\./, "", name)
}

/^ *<(failure|error)[ >]/ {
  failed++
  names = names " " name
  print "failed: " name ": " attribute($0, "message")
}

/^ *<skipped/ {
  skipped++
  reason = reason_of($0)
  if (!(reason in skips)) reasons[++reason_count] = reason
  skips[reason]++
}

END {
  for (i = 1; i <= reason_count; i++) print "skipped " skips[reasons[i]] ": " reasons[i]
  if (!total) print "failed: no test ran"
  printf "%d passed, %d failed, %d skipped", total - failed - skipped, failed + problems, skipped
  print names ? ":" substr(names, 1, 1000) : ""
  exit (failed || problems || !total) ? 1 : 0
}
