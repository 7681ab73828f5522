package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"omnihub/internal/devserver/build"
)

// projectRoot is the folder with go.mod above the working folder.
func projectRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("stack: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", errors.New("stack: no go.mod above the working folder")
		}
		dir = above
	}
}

// buildDevserver builds the devserver into the folder, or takes the one that lies
// there. Several processes may do it at once.
func buildDevserver(ctx context.Context, root, dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("stack: %w", err)
	}
	program, err := filepath.Abs(filepath.Join(dir, "devserver"))
	if err != nil {
		return "", fmt.Errorf("stack: %w", err)
	}
	unlock, err := build.Lock(ctx, filepath.Join(dir, "devserver.lock"))
	if err != nil {
		return "", fmt.Errorf("stack: %w", err)
	}
	defer unlock()
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program+".new", "./internal/devserver")
	cmd.Dir, cmd.Env = root, build.Env()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("stack: build the devserver: %w\n%s", err, out)
	}
	if err := os.Rename(program+".new", program); err != nil { // a build that is killed leaves nothing that looks whole
		return "", fmt.Errorf("stack: build the devserver: %w", err)
	}
	return program, nil
}
