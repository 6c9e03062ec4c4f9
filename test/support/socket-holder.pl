# Holds two listening sockets and runs the command with them, as systemd does (sd_listen_fds), again each time that it
# ends well. Says the ports first, and begins once it is told a line.
use strict;
use warnings;
use Fcntl qw(F_DUPFD);
use IO::Socket::INET;
use POSIX ();

$| = 1;
my @sockets = map {
  IO::Socket::INET->new(Listen => 4096, LocalAddr => '127.0.0.1', LocalPort => 0, Proto => 'tcp') or die $!
} 1 .. 2;
my $names = shift @ARGV;
printf "{\"ports\":[%d,%d]}\n", map { $_->sockport } @sockets;
<STDIN>;
my $child;
$SIG{TERM} = sub { kill 'TERM', $child; waitpid $child, 0; exit 0 };
while (1) {
  $child = fork;
  if ($child == 0) {
    my @high = map { fcntl($_, F_DUPFD, 20) or die $! } @sockets;
    POSIX::dup2($high[$_], 3 + $_) for 0 .. 1;
    POSIX::close($_) for @high;
    @ENV{qw(LISTEN_PID LISTEN_FDS LISTEN_FDNAMES)} = ($$, 2, $names);
    exec @ARGV;
  }
  printf "{\"started\":%d}\n", $child;
  waitpid $child, 0;
  printf "{\"ended\":%d}\n", $?;
  exit 1 if $?;
}
