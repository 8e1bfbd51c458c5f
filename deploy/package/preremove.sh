#!/bin/sh
# For deb (remove, upgrade …) and rpm (0 on removal, 1 on upgrade).
set -e

case "${1:-}" in
remove | 0)
	if [ -d /run/systemd/system ]; then
		systemctl disable --now waguard-backup.timer waguard-maintain.timer waguard.service
	fi
	;;
esac
