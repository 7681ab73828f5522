// Package media keeps the pictures of cards: it takes what people upload, makes of it what
// the channels show, and finds it again by the address that the platforms ask for.
package media

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"regexp"
	"strings"
	"time"

	"omnihub/internal/blob"
	"omnihub/internal/hub"
	"omnihub/internal/image"
	"omnihub/internal/settings"
)

// Library keeps pictures in a bucket.
//
//	uploads/<team>/<id>                    as somebody put it: read by Take only; the
//	                                       bucket drops it after a day
//	pictures/<team>/<hash>-<variant>.jpg   a variant, for ever
//
// A variant's address is /media/<team>/<hash>-<variant>.<proof>.jpg. The hash is that of
// its bytes, so what stands at an address never changes, and the proof is a code that only
// the hub can make, so a made-up address costs no read.
type Library struct {
	Settings *settings.Reader
	Blobs    *blob.Store
}

// UploadTime is how long somebody has to put a picture.
const UploadTime = 15 * time.Minute

// Upload is a place for one picture, and what is needed to put it there.
type Upload struct {
	ID string // for Take: 32 characters of [a-z2-7]
	blob.Upload
}

// NewUpload makes a place for a picture of a type and size, without a call. BadRequest,
// with the image.Rule, for a type or size that no picture may have.
func (l *Library) NewUpload(ctx context.Context, team hub.TeamID, mime string, size int64) (Upload, error) {
	const op = "media: new upload"
	switch {
	case !team.Valid():
		return Upload{}, hub.E(hub.NotFound, op, errors.New("no such team"))
	case mime != "image/jpeg" && mime != "image/png":
		return Upload{}, hub.E(hub.BadRequest, op, image.Known)
	case size < 1 || size > image.MaxBytes:
		return Upload{}, hub.E(hub.BadRequest, op, image.Small)
	}
	var dice [20]byte
	if _, err := io.ReadFull(rand.Reader, dice[:]); err != nil {
		return Upload{}, hub.E(hub.Transient, op, errors.New("no random numbers"))
	}
	id := hub.Digest("upload", string(dice[:]))
	put, err := l.Blobs.PresignPut(ctx, uploadKey(team, id), mime, size, UploadTime)
	return Upload{ID: id, Upload: put}, err
}

// Picture is a stored picture.
type Picture struct {
	ID            string // the hash of what was uploaded: 26 characters of [a-z2-7]
	Width, Height int    // of what was uploaded, as it is shown
	Bytes         int64
	Paths         map[string]string // of the variants' addresses on the API's host, by variant
}

var uploadForm = regexp.MustCompile(`^[a-z2-7]{32}$`)

// Take makes the variants of an upload and stores them. It may be done again, with the
// same outcome, as long as the upload is there. NotFound if nothing was put there;
// BadRequest, with the image.Rule, for what is no fit picture; Transient.
func (l *Library) Take(ctx context.Context, team hub.TeamID, id string, variants ...string) (Picture, error) {
	if !team.Valid() || !uploadForm.MatchString(id) {
		return Picture{}, errNone
	}
	raw, _, err := l.Blobs.Get(ctx, uploadKey(team, id), image.MaxBytes)
	if hub.CodeOf(err) == hub.TooLarge {
		err = hub.E(hub.BadRequest, "media: take", image.Small)
	}
	if err != nil {
		return Picture{}, err
	}
	return l.Save(ctx, team, raw, variants...)
}

// Save stores the variants of a picture. Errors: as of Take.
func (l *Library) Save(ctx context.Context, team hub.TeamID, raw []byte, variants ...string) (Picture, error) {
	facts, err := image.Check(raw)
	if err != nil {
		return Picture{}, err
	}
	edge, err := l.Settings.Edge(ctx)
	if err != nil {
		return Picture{}, err
	}
	made, err := image.Variants(raw, variants...)
	if err != nil {
		return Picture{}, err
	}
	p := Picture{ID: hash(raw), Width: facts.Width, Height: facts.Height, Bytes: int64(facts.Bytes), Paths: map[string]string{}}
	for _, v := range made {
		f := File{Team: team, Hash: hash(v.JPEG), Variant: v.Shape}
		if err := l.Blobs.Put(ctx, f.key(), v.JPEG, "image/jpeg"); err != nil {
			return Picture{}, err
		}
		p.Paths[v.Shape] = "/media/" + string(team) + "/" + f.name(edge.Prove(purpose, team, f.Hash, f.Variant))
	}
	return p, nil
}

// File names one stored variant.
type File struct {
	Team    hub.TeamID
	Hash    string // of its bytes: 26 characters of [a-z2-7]
	Variant string
}

// purpose is that of the proofs in addresses.
const purpose = "picture"

// fileForm is that of an address's last part: hash, variant, proof.
var fileForm = regexp.MustCompile(`^([a-z2-7]{26})-([a-z]{1,16})\.([a-z2-7]{16})\.jpg$`)

// maxName is the length of the longest name.
const maxName = 26 + 1 + 16 + 1 + settings.ProofLength + 4

var errNone = hub.E(hub.NotFound, "media: find", errors.New("no such picture"))

// Find tells which file an address means, by the address alone: NotFound for every one
// that the hub did not give out, Transient if that cannot be told now.
func (l *Library) Find(ctx context.Context, team hub.TeamID, name string) (File, error) {
	if len(name) > maxName || !team.Valid() {
		return File{}, errNone
	}
	parts := fileForm.FindStringSubmatch(name)
	if parts == nil {
		return File{}, errNone
	}
	f := File{Team: team, Hash: parts[1], Variant: parts[2]}
	if err := l.Settings.Proved(ctx, parts[3], purpose, team, f.Hash, f.Variant); err != nil {
		return File{}, err
	}
	return f, nil
}

// Read reads a file: a JPEG of at most image.MaxVariantBytes. NotFound if it is gone.
func (l *Library) Read(ctx context.Context, f File) ([]byte, error) {
	body, _, err := l.Blobs.Get(ctx, f.key(), image.MaxVariantBytes)
	return body, err
}

func uploadKey(team hub.TeamID, id string) string { return "uploads/" + string(team) + "/" + id }

func (f File) key() string {
	return "pictures/" + string(f.Team) + "/" + f.Hash + "-" + f.Variant + ".jpg"
}

func (f File) name(proof string) string {
	return strings.Join([]string{f.Hash + "-" + f.Variant, proof, "jpg"}, ".")
}

func hash(body []byte) string { return hub.Digest("picture", string(body))[:26] }
