# -*- encoding: utf-8 -*-
# stub: acme-core 2.0.3 ruby lib

Gem::Specification.new do |s|
  s.name = "acme-core".freeze
  s.version = "2.0.3"

  s.required_rubygems_version = Gem::Requirement.new(">= 0".freeze) if s.respond_to? :required_rubygems_version=
  s.require_paths = ["lib".freeze]
  s.authors = ["a".freeze]
  s.date = "2026-11-27"
  s.rubygems_version = "3.3.15".freeze
  s.summary = "a gem".freeze

  s.installed_by_version = "3.3.15" if s.respond_to? :installed_by_version
end
