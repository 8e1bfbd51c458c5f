package graphsim

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// noticePeriod is how long before a category change Meta announces it.
const noticePeriod = 24 * time.Hour

// TemplateStatus lets Meta decide about a template: APPROVED, REJECTED, PAUSED, DISABLED, REINSTATED, FLAGGED,
// PENDING, DELETED, ... The catalogue follows and the webhook is posted.
func (s *Sim) TemplateStatus(ctx context.Context, name, language, event, reason string) error {
	update, err := s.TemplateStatusUpdate(name, language, event, reason)
	if err != nil {
		return err
	}
	return s.send(ctx, update)
}

// TemplateStatusUpdate makes the update behind [Sim.TemplateStatus].
func (s *Sim) TemplateStatusUpdate(name, language, event, reason string) (Update, error) {
	t, err := s.templates.change(name, language, func(t *Template) {
		switch event {
		case "FLAGGED": // a warning; the template stays usable
		case "REINSTATED":
			t.Status = "APPROVED"
		default:
			t.Status = event
		}
	})
	if err != nil {
		return Update{}, err
	}
	if event == "DELETED" {
		s.templates.remove(func(other Template) bool { return other.ID == t.ID })
	}
	v := t.webhook()
	v["event"] = event
	v["message_template_category"] = t.Category
	v["reason"] = orElse(reason, "NONE")
	if event == "DISABLED" {
		v["disable_info"] = object{"disable_date": s.clock().Unix()}
	}
	return Update{Field: "message_template_status_update", Value: v, Time: s.clock().Unix()}, nil
}

// TemplateCategory changes the category of a template, or with notice announces the change for 24 hours later. A
// notice changes correct_category only.
func (s *Sim) TemplateCategory(ctx context.Context, name, language, category string, notice bool) error {
	update, err := s.TemplateCategoryUpdate(name, language, category, notice)
	if err != nil {
		return err
	}
	return s.send(ctx, update)
}

// TemplateCategoryUpdate makes the update behind [Sim.TemplateCategory].
func (s *Sim) TemplateCategoryUpdate(name, language, category string, notice bool) (Update, error) {
	category = strings.ToUpper(category)
	t, err := s.templates.change(name, language, func(t *Template) {
		if notice {
			t.CorrectCategory = category
			return
		}
		t.PreviousCategory, t.Category, t.CorrectCategory = t.Category, category, ""
	})
	if err != nil {
		return Update{}, err
	}
	v := t.webhook()
	v["new_category"] = t.Category // in a notice: the category in force
	if notice {
		v["correct_category"] = category
		v["category_update_timestamp"] = s.clock().Add(noticePeriod).Unix()
	} else {
		v["previous_category"] = t.PreviousCategory
	}
	return Update{Field: "template_category_update", Value: v, Time: s.clock().Unix()}, nil
}

// webhook is what all template webhooks say about a template. Ids are numbers here, strings in the API.
func (t *Template) webhook() object {
	v := object{"message_template_name": t.Name, "message_template_language": t.Language}
	if id, err := strconv.ParseInt(t.ID, 10, 64); err == nil {
		v["message_template_id"] = id
	}
	return v
}
