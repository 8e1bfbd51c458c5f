package webhook

import (
	"testing"

	"github.com/waguard/waguard/cloudapi/identity"
	"github.com/waguard/waguard/internal/loosejson"
	"github.com/waguard/waguard/policy"
)

// The field says what a user id is.
func TestUserIDByField(t *testing.T) {
	const plain, ent = "US.1182", "US.ENT.1182"
	r := new(reader)
	for _, c := range []struct {
		userID, parent loosejson.String
		want           []policy.Identity
	}{
		{plain, "", []policy.Identity{{Kind: policy.BSUID, Value: plain}}},
		{"", plain, []policy.Identity{{Kind: policy.ParentBSUID, Value: plain}}},
		{"", ent, []policy.Identity{{Kind: policy.ParentBSUID, Value: ent}}},
		{ent, "", []policy.Identity{{Kind: policy.BSUID, Value: ent}}},
		{plain, plain, []policy.Identity{{Kind: policy.BSUID, Value: plain}, {Kind: policy.ParentBSUID, Value: plain}}},
	} {
		got := r.names("", c.userID, c.parent)
		if len(got) != len(c.want) || got[0] != c.want[0] || got[len(got)-1] != c.want[len(c.want)-1] {
			t.Errorf("user_id %q, parent_user_id %q: got %#v of kinds", c.userID, c.parent, got)
		}
	}
	if id, err := identity.UserID(ent); err != nil || id.Kind != policy.ParentBSUID {
		t.Errorf("a recipient %s is of kind %d, %v", ent, id.Kind, err)
	}
}
