package bus

import (
	"context"
	"testing"

	"omnihub/internal/hub"
)

func TestEventIsReadAsItIsPublishedAgain(t *testing.T) {
	const detail = `{"account":"line1","at":1791170475123,"field":"name <&>","home":"h","id":"e#2","source":"platform","team":"test","up_to":12345678901234567890}`
	body := `{"version":"0","id":"x","detail-type":"contact.changed","source":"omnihub","account":"1","time":"2026-10-05T03:21:15Z","region":"r","resources":[],"detail":` + detail + `}`
	p, err := ReadEvent(body)
	if err != nil || p.ID != "e#2" || p.Team != "test" || p.At != 1791170475123 || p.Kind != hub.ContactChanged {
		t.Fatalf("got %+v, %v", p, err)
	}
	e, err := (&Bus{Name: "b"}).entry(p)
	if err != nil || *e.Detail != detail {
		t.Errorf("got %s, %v, want the detail as it came", *e.Detail, err)
	}
	s := &service{}
	if errs := open(t, s).Publish(context.Background(), []hub.Published{p}); errs[0] != nil || len(s.calls) != 1 {
		t.Errorf("got %v", errs)
	}
}

func TestWhatIsNoEventOfTheHubIsNotRead(t *testing.T) {
	for _, body := range []string{
		``, `canary`, `{}`, `{"source":"aws.s3","detail-type":"contact.changed","detail":{"id":"e","team":"t","at":1}}`,
		`{"source":"omnihub","detail-type":"","detail":{"id":"e","team":"t","at":1}}`,
		`{"source":"omnihub","detail-type":"contact.changed","detail":{"id":5,"team":"t","at":1}}`,
		`{"source":"omnihub","detail-type":"contact.changed","detail":{"id":"e","team":"t","at":"1"}}`,
		`{"source":"omnihub","detail-type":"contact.changed","detail":"x"}`,
	} {
		if _, err := ReadEvent(body); hub.CodeOf(err) != hub.Unparsable {
			t.Errorf("%q: got %v, want unparsable", body, err)
		}
	}
}
