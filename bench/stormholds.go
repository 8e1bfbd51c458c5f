package main

import (
	"bufio"
	"fmt"
	"net"
	"time"
)

// stayIdle asks for something once, and then keeps the connection.
func stayIdle(conn net.Conn, host string, w *weather) error {
	conn.SetDeadline(time.Now().Add(answerTimeout))
	if _, err := fmt.Fprintf(conn, "GET /v23.0/%s HTTP/1.1\r\nHost: %s\r\n\r\n", phoneNumberID, host); err != nil {
		return err
	}
	if _, _, err := readAnswer(bufio.NewReader(conn), nil); err != nil {
		return fmt.Errorf("an idle connection: %w", err)
	}
	w.count()
	<-w.over
	return nil
}

// readNothing asks for a photo and leaves it where it is: the buffers on its way are
// full, and whoever writes it waits.
func readNothing(conn net.Conn, host string, w *weather) error {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetReadBuffer(4096)
	}
	conn.SetDeadline(time.Now().Add(answerTimeout))
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", downloadPath, host); err != nil {
		return err
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		return fmt.Errorf("a slow reader: %w", err)
	}
	w.count()
	<-w.over
	return nil
}

// sendSlowly begins a send and goes on with a byte now and then.
func sendSlowly(conn net.Conn, host string, w *weather) error {
	request := refusedSend(host, int(w.next.Add(1)))
	begin := len(request) - 100 // in the body
	if _, err := conn.Write(request[:begin]); err != nil {
		return err
	}
	w.count()
	for _, b := range request[begin : len(request)-1] {
		select {
		case <-w.over:
			return nil
		case <-time.After(500 * time.Millisecond):
		}
		if _, err := conn.Write([]byte{b}); err != nil {
			break // the gateway has had enough
		}
	}
	<-w.over
	return nil
}
