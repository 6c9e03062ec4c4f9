"""How Python reads claims. Each line on standard input is a compact JWS; each line on standard output all its claims,
numbers with a fraction or an exponent as decimals. With the argument "folds": pairs of names that Python takes for one."""

import base64
import decimal
import json
import sys

if len(sys.argv) > 1:
    for point in range(0x110000):
        text = chr(point)
        for other in {text.casefold(), text.lower(), text.upper(), text.title()} - {text}:
            print(json.dumps([text, other]))
    sys.exit()

for line in sys.stdin:
    segment = line.split(".")[1]
    payload = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    claims = json.loads(payload, parse_float=decimal.Decimal)
    print(json.dumps(claims, default=lambda number: f"decimal {number}"))
