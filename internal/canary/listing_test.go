package canary

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"omnihub/internal/devserver/build"
)

// listings are what hubctl shows to engineers of what went wrong: the quarantine of the
// team and of the hub itself, and the queues.
func (s *scene) listings() []byte {
	s.t.Helper()
	program := filepath.Join(s.t.TempDir(), "hubctl")
	made := exec.CommandContext(s.ctx, "go", "build", "-o", program, "omnihub/internal/hubctl")
	made.Env = build.Env()
	if out, err := made.CombinedOutput(); err != nil {
		s.t.Fatalf("build hubctl: %v\n%s", err, out)
	}
	var all bytes.Buffer
	for _, args := range []string{
		"quarantine list -since 48h -limit 10000 -team " + s.demo.Team, "quarantine list -since 48h -limit 10000 -json -team " + s.demo.Team,
		"quarantine list -since 48h -limit 10000 -json -team hub", "queues",
	} {
		c := exec.CommandContext(s.ctx, program, strings.Fields(args)...)
		// A day ahead: the stack's clock was moved.
		c.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+s.AWS, "AWS_REGION=ap-east-1", "AWS_ACCESS_KEY_ID=canary", "AWS_SECRET_ACCESS_KEY=test",
			"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "CLOCK_OFFSET=24h", "LEDGER_TABLE=omnihub-LedgerTable")
		c.Stdout, c.Stderr = &all, &all
		if err := c.Run(); err != nil {
			s.t.Fatalf("hubctl %s: %v\n%s", args, err, all.String())
		}
	}
	for _, code := range []string{"unparsable", "unknown_account"} {
		if !bytes.Contains(all.Bytes(), []byte(code)) {
			s.t.Errorf("the listings name nothing that is %s: they were searched in vain\n%s", code, all.String())
		}
	}
	return all.Bytes()
}
