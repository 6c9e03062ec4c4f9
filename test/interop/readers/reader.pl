# How Perl's JSON::PP reads claims, numbers as Math::BigFloat. Each line on standard input is a compact JWS; each line on standard output its claims.
use strict;
use warnings;
use JSON::PP;
use MIME::Base64 qw(decode_base64url);

my $json = JSON::PP->new->utf8->allow_bignum;
while (my $line = <STDIN>) {
  my (undef, $payload) = split /\./, $line;
  print $json->encode($json->decode(decode_base64url($payload))), "\n";
}
