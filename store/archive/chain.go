package archive

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/waguard/waguard/audit"
)

// Link says why a backup can't be the next one after another: they are of different
// stores, or the log of consent records of the later one doesn't continue that of the
// earlier one.
func Link(before, after *Manifest) error {
	switch {
	case before.Store != after.Store:
		return errors.New("it is of another installation")
	case before.Lineage != after.Lineage:
		return errors.New("it is of a store that went on from another backup")
	case before.Version >= after.Version:
		return errors.New("it is older")
	case before.Checkpoint == "":
		return nil
	case before.Verifier != after.Verifier:
		return errors.New("its log of consent records has another key")
	}
	older, err := audit.Open([]byte(before.Checkpoint), before.Verifier)
	if err != nil {
		return fmt.Errorf("the checkpoint of the one before: %w", err)
	}
	newer, err := audit.Open([]byte(after.Checkpoint), after.Verifier)
	if err != nil {
		return fmt.Errorf("its checkpoint: %w", err)
	}
	proof := make([]audit.Hash, len(after.Continues))
	for i, text := range after.Continues {
		h, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(h) != len(audit.Hash{}) {
			return errors.New("its proof that the log of consent records continues can't be read")
		}
		proof[i] = audit.Hash(h)
	}
	if err := audit.CheckContinues(older, newer, proof); err != nil {
		return fmt.Errorf("its log of consent records doesn't continue that of the one before: %w", err)
	}
	return nil
}

// Proof is a proof as a manifest has it.
func Proof(hashes []audit.Hash) (proof []string) {
	for _, h := range hashes {
		proof = append(proof, base64.StdEncoding.EncodeToString(h[:]))
	}
	return proof
}
