#!/usr/bin/env bash
# The key that updates are signed with. IMAGE_KEY and IMAGE_CERTIFICATE name the maker's (PEM files); without them a key
# for trying things is made in build/image/keys, and the card trusts that one.
#   image/keys.sh               make it where there is none
#   image/keys.sh certificate   print the certificate's path
#   image/keys.sh key           print the key's path
set -euo pipefail
cd "$(dirname "$0")/.."
key=${IMAGE_KEY:-build/image/keys/key.pem} certificate=${IMAGE_CERTIFICATE:-build/image/keys/certificate.pem}
case ${1:-} in
key) echo "$key" ;;
certificate) echo "$certificate" ;;
*)
    if [ ! -e "$key" ] && [ -z "${IMAGE_KEY:-}" ]; then
        mkdir -p build/image/keys
        image/in-tools.sh openssl req -quiet -x509 -newkey rsa:3072 -noenc -days 36500 -subj "/CN=dermascope trial updates" \
            -addext "keyUsage=digitalSignature" -keyout "$key" -out "$certificate"
        chmod 600 "$key"
        echo "image: updates are signed with a key made for trying things, $key: set IMAGE_KEY and IMAGE_CERTIFICATE" >&2
    fi
    ;;
esac
