# SPDX-License-Identifier: Apache-2.0
# What Gem::Version makes of pairs of versions: "A<TAB>B" lines in; "<op><A valid><B valid>" lines out, as "<11"; "?" where
# it refuses one of them. With the argument --version: RubyGems' version.
require "rubygems"
if ARGV == ["--version"]
  puts "RubyGems #{Gem::VERSION}"
  exit
end
STDIN.set_encoding("BINARY")
out = +""
STDIN.each_line do |line|
  a, b = line.chomp.split("\t", -1).map { |text| Gem::Version.correct?(text) ? Gem::Version.new(text) : nil }
  op = a && b ? "<=>"[(a <=> b) + 1] : "?"
  out << "#{op}#{a ? 1 : 0}#{b ? 1 : 0}\n"
end
print out
