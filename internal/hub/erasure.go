package hub

import "time"

// Erasure is the removal of all that the hub knows of one person. Its record stands apart
// from what is erased, names nobody but by hashes, and stays: it is the certificate, and
// by it the same is erased again after a table was restored.
type Erasure struct {
	Team    TeamID
	ID      string // 26 characters of base32
	At      Millis // what happened until then is erased, and what says that it did is dropped
	By      string // who asked for it
	Root    HomeID // of the contact
	Homes   []HomeID
	Users   []UserKey // in whose partitions his messages lay
	Aliases []string  // the hashes of ids that hold in more than one account
	Phase   ErasurePhase
	Due     Millis // when it is worked on next; 0 = never
	Records string // the object of the bucket of failed records after which to go on
	Swept   Millis // when all was erased for the first time; 0 = not yet
	Erased  Millis // when the certificate was issued; 0 = not yet
	Counts  ErasureCounts
}

// ErasureCounts are how many items, and records of objects, were erased in each store.
type ErasureCounts struct {
	Contacts, Messages, Ledger, Records int
}

// ErasurePhase is how far an erasure has come.
type ErasurePhase string

const (
	ErasureBegun    ErasurePhase = "begun"    // the person can be reached by nothing any more; the rest is being erased
	ErasureSettling ErasurePhase = "settling" // all is erased; what was in flight meanwhile is waited for
	ErasureDone     ErasurePhase = "erased"   // the certificate is issued; late records of the streams are waited for
	ErasureClosed   ErasurePhase = "closed"   // nothing is left to be done
)

const (
	// ErasureSettle is how long what was in flight when all was erased is waited for:
	// longer than any function or call of the API runs.
	ErasureSettle = 15 * time.Minute
	// ErasureLast is when, after the certificate, the bucket of failed records is looked
	// at once more: the change streams keep a record for 24 hours.
	ErasureLast = 25 * time.Hour
)
