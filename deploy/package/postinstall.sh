#!/bin/sh
# For deb (configure) and rpm (1 on installation, 2 on upgrade).
set -e

if ! getent group waguard > /dev/null; then
	groupadd --system waguard
fi
if ! getent passwd waguard > /dev/null; then
	useradd --system --gid waguard --home-dir /var/lib/waguard --no-create-home \
		--shell /usr/sbin/nologin --comment 'waguard gateway' waguard
fi

# The configuration may name hashes of tokens; it is the operator's and the gateway's.
# The secrets beside it are root's alone: systemd reads them.
for path in /etc/waguard /etc/waguard/Caddyfile; do
	if [ -e "$path" ]; then
		chgrp waguard "$path"
	fi
done

if [ ! -d /var/lib/waguard ]; then
	mkdir -m 0700 /var/lib/waguard
	chown waguard:waguard /var/lib/waguard
fi

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	# A gateway that ran goes on with the new binary; a new one is started by hand,
	# once its configuration is right.
	systemctl try-restart waguard.service
fi
