// Package toy is a module with one defence, to try the mutants' bench on.
package toy

// Purse holds coins.
type Purse struct{ coins int }

// Take takes coins, if that many are there.
func (p *Purse) Take(n int) bool {
	if n > p.coins {
		return false
	}
	p.coins -= n
	return true
}
