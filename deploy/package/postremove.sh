#!/bin/sh
# For deb (remove, purge, upgrade …) and rpm (0 on removal, 1 on upgrade). What the
# gateway knows stays until dpkg --purge: it is the proof of people's consent.
set -e

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi

if [ "${1:-}" = purge ]; then
	rm -rf /var/lib/waguard /var/log/waguard /etc/waguard
	if getent passwd waguard > /dev/null; then
		userdel waguard
	fi
	if getent group waguard > /dev/null; then
		groupdel waguard
	fi
fi
