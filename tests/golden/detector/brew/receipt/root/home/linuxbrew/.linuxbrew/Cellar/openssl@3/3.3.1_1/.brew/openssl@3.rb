class OpensslAT3 < Formula
