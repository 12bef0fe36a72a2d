# -*- encoding: utf-8 -*-
# stub: acme 1.1.0 ruby lib

Gem::Specification.new do |s|
  s.name = "acme".freeze
  s.version = "1.1.0"

  s.required_rubygems_version = Gem::Requirement.new(">= 0".freeze) if s.respond_to? :required_rubygems_version=
  s.require_paths = ["lib".freeze]
  s.authors = ["a".freeze]
  s.date = "2026-11-27"
  s.rubygems_version = "3.3.15".freeze
  s.summary = "a gem".freeze

  s.installed_by_version = "3.3.15" if s.respond_to? :installed_by_version

  if s.respond_to? :specification_version then
    s.specification_version = 4
  end

  if s.respond_to? :add_runtime_dependency then
    s.add_runtime_dependency(%q<acme-core>.freeze, ["~> 2.0"])
  else
    s.add_dependency(%q<acme-core>.freeze, ["~> 2.0"])
  end
end
