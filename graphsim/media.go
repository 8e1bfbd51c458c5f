package graphsim

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"sync"
)

// maxMediaBytes bounds the uploads kept; the oldest go first. Meta keeps them for 30 days.
const maxMediaBytes = 256 << 20

// mediaDownloadNode is the first path component of download links. The real ones are on another host.
const mediaDownloadNode = "whatsapp_media"

type mediaItem struct {
	id, mimeType string
	data         []byte
}

// mediaShelf keeps uploads.
type mediaShelf struct {
	mu    sync.Mutex // guards all fields
	items map[string]*mediaItem
	order []string // oldest first
	size  int
}

func (m *mediaShelf) put(item *mediaItem) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.items == nil {
		m.items = map[string]*mediaItem{}
	}
	m.items[item.id] = item
	m.order = append(m.order, item.id)
	m.size += len(item.data)
	for m.size > maxMediaBytes && len(m.order) > 1 {
		m.drop(m.order[0])
	}
}

func (m *mediaShelf) get(id string) (*mediaItem, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	item, found := m.items[id]
	return item, found
}

func (m *mediaShelf) remove(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(id)
}

// drop must be called with the lock held.
func (m *mediaShelf) drop(id string) {
	item, found := m.items[id]
	if !found {
		return
	}
	m.size -= len(item.data)
	delete(m.items, id)
	i := slices.Index(m.order, id)
	m.order = slices.Delete(m.order, i, i+1)
}

// node is a media object as GET /{media_id} shows it.
func (i *mediaItem) node(c *call) object {
	sum := sha256.Sum256(i.data)
	return object{
		"messaging_product": "whatsapp",
		"id":                i.id,
		"mime_type":         i.mimeType,
		"sha256":            hex.EncodeToString(sum[:]),
		"file_size":         len(i.data),
		"url":               c.base + "/" + mediaDownloadNode + "/" + i.id,
	}
}

// uploadMedia stores the file part of a multipart upload.
func (s *Sim) uploadMedia(c *call) reply {
	if c.param("messaging_product") != "whatsapp" {
		return s.refuse(c, fail(100, "The parameter messaging_product is required"))
	}
	if c.file == nil || len(c.file.data) == 0 {
		return s.refuse(c, fail(100, "The parameter file is required"))
	}
	mimeType := orElse(c.param("type"), c.file.mimeType)
	if mimeType == "" || mimeType == "application/octet-stream" {
		return s.refuse(c, fail(100, "The media type is missing or not supported"))
	}
	item := &mediaItem{id: s.ids.object(), mimeType: mimeType, data: c.file.data}
	s.media.put(item)
	return ok(object{"id": item.id})
}

// downloadMedia serves the bytes behind a media object's url. Like the original it wants the token.
func (s *Sim) downloadMedia(c *call) reply {
	item, found := s.media.get(c.edge)
	if !found {
		return reply{status: http.StatusNotFound, contentType: "text/plain", body: []byte("no such media")}
	}
	return reply{status: http.StatusOK, contentType: item.mimeType, body: item.data}
}
