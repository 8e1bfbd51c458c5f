package pgtest

import (
	"context"
	"fmt"
	"testing"
)

// templateName is the database that those of tests are copies of.
const templateName = "waguard_template"

// Database makes a database for a test, a copy of what Options.Migrate has made, and is
// its address. It is dropped after the test, whoever is still connected.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	s.template.Do(func() { s.templateErr = s.makeTemplate() })
	if s.templateErr != nil {
		t.Fatalf("the database that those of tests are copied from: %v", s.templateErr)
	}
	return s.create(t, templateName)
}

// Empty makes a database for a test with nothing in it.
func (s *Server) Empty(t testing.TB) string {
	t.Helper()
	return s.create(t, "template0")
}

func (s *Server) create(t testing.TB, template string) string {
	t.Helper()
	s.copies.Lock()
	s.copies.n++
	name := fmt.Sprintf("test_%d", s.copies.n)
	s.copies.Unlock()
	if err := s.exec(t.Context(), superuser, "create database "+name+" template "+template+s.strategy()); err != nil {
		t.Fatalf("a database for the test: %v", err)
	}
	t.Cleanup(func() {
		s.mu.Lock()
		running := s.process.Running()
		s.mu.Unlock()
		if !running {
			return // the test has ended it
		}
		if err := s.exec(context.Background(), superuser, "drop database "+name+" with (force)"); err != nil {
			t.Errorf("the test's database stays: %v", err)
		}
	})
	if s.options.Statements && template == "template0" {
		if err := s.exec(t.Context(), name, "create extension pg_stat_statements"); err != nil {
			t.Fatal(err)
		}
	}
	return s.DSN(name)
}

// strategy has a database copied file by file, which takes a third of the time where
// nothing waits for a disk, and longer where it does.
func (s *Server) strategy() string {
	if s.options.Durable {
		return ""
	}
	return " strategy file_copy"
}

func (s *Server) makeTemplate() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.exec(ctx, superuser, "create database "+templateName+" template template0"); err != nil {
		return err
	}
	if s.options.Statements {
		if err := s.exec(ctx, templateName, "create extension pg_stat_statements"); err != nil {
			return err
		}
	}
	if s.options.Migrate == nil {
		return nil
	}
	return s.options.Migrate(ctx, s.DSN(templateName))
}
