Gem::Specification.new do |spec|
  spec.name = %q{old-style}
  spec.name    = 'old-style'
  spec.version = Gem::Version.new("0.9")
end
