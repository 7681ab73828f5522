package image

import (
	"flag"
	"os"
	"testing"
)

// TestMain makes the properties smaller than rapid's own hundred, unless -rapid.checks
// says how large they are to be.
func TestMain(m *testing.M) {
	flag.Parse()
	own := false
	flag.Visit(func(f *flag.Flag) { own = own || f.Name == "rapid.checks" })
	if !own {
		if err := flag.Set("rapid.checks", "25"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
