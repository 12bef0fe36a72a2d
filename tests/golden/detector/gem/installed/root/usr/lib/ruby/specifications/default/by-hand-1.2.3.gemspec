Gem::Specification.new do |spec|
  spec.name = "by-hand"
  spec.version = ByHand::VERSION
end
