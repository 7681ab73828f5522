package chaos

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
)

// needles are what no log may show, in the forms in which it could stand there.
type needles struct {
	forms map[[8]byte][]needle // by their beginning
}

type needle struct{ form, name string }

// add adds a value that is at least ten bytes long. Name tells of it without showing
// it.
func (n *needles) add(name, value string) {
	if len(value) < 10 {
		return
	}
	escaped, _ := json.Marshal(value) // a text can always be written
	forms := []string{value, strings.Trim(string(escaped), `"`), hex.EncodeToString([]byte(value))}
	for skip := range 3 { // in base64 the value may begin at any byte of three
		padded := append(make([]byte, skip), value...)
		padded = padded[:len(padded)/3*3] // what follows would change the last letters
		form := base64.RawStdEncoding.EncodeToString(padded)
		forms = append(forms, form[(skip*8+5)/6:])
	}
	for _, form := range forms {
		if len(form) < 8 {
			continue
		}
		if n.forms == nil {
			n.forms = map[[8]byte][]needle{}
		}
		start := [8]byte([]byte(form))
		n.forms[start] = append(n.forms[start], needle{form, name})
	}
}

// find names what stands in a text, each once, with a place.
func (n *needles) find(text []byte) map[string]string {
	found := map[string]string{}
	for i := 0; i+8 <= len(text); i++ {
		for _, c := range n.forms[[8]byte(text[i:i+8])] {
			if found[c.name] == "" && bytes.HasPrefix(text[i:], []byte(c.form)) {
				found[c.name] = string(text[max(0, i-160):min(len(text), i+80)])
			}
		}
	}
	return found
}

// checkLog looks in all that was logged for people's names, numbers, ids and words,
// and for secrets.
func (r *run) checkLog(log []byte, report *Report) {
	var n needles
	n.add("a name", canaryName)
	for id := range r.personal {
		n.add("an id of a person", id)
	}
	for v, name := range r.hidden {
		n.add(name, v)
	}
	for _, a := range r.office.demo.Accounts {
		for name, v := range a.Secrets {
			n.add("secret "+name, v)
		}
	}
	report.LogBytes += len(log)
	found := n.find(log)
	if at := bytes.Index(log, []byte(marker)); at >= 0 {
		found["words of a message"] = string(log[max(0, at-160):min(len(log), at+80)])
	}
	for _, name := range sorted(found) {
		report.Leaks++
		report.example("in the log", "%s: %.300q", name, found[name])
	}
}

func inflate(packed []byte) ([]byte, error) {
	return io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), 16<<20))
}
