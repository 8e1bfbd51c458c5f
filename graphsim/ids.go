package graphsim

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"sync/atomic"
)

// idSource gives out ids that depend on nothing but the seed and the order of the calls.
type idSource struct {
	seed uint64
	n    atomic.Uint64
}

// wamid is a WhatsApp message id. Standard base64 is kept on purpose: its slash and plus break careless URL and
// signature handling.
func (s *idSource) wamid() string {
	n := s.n.Add(1)
	var raw [24]byte
	for i := range 3 {
		binary.BigEndian.PutUint64(raw[8*i:], mix(s.seed, 3*n+uint64(i)))
	}
	var out [len("wamid.HBgN") + 32]byte
	copy(out[:], "wamid.HBgN")
	base64.StdEncoding.Encode(out[len("wamid.HBgN"):], raw[:])
	return string(out[:])
}

// object is the id of a node of the graph. Ids grow, so that listing by id is listing by age.
func (s *idSource) object() string {
	return strconv.FormatUint(1_000_000_000_000_000+s.n.Add(1), 10)
}

// trace is an fbtrace_id.
func (s *idSource) trace() string {
	return "A" + strconv.FormatUint(mix(s.seed, s.n.Add(1)), 36)
}

// mix is the splitmix64 finaliser: cheap, and neighbouring inputs give unrelated outputs.
func mix(seed, n uint64) uint64 {
	z := seed + n*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
