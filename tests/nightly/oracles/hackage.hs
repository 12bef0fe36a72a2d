-- SPDX-License-Identifier: Apache-2.0
-- What Cabal's Distribution.Version makes of pairs of versions: "A<TAB>B" lines in; "<op><A valid><B valid>" lines out, as "<11"; "?" where
-- it refuses one of them.
import qualified Data.ByteString.Char8 as B
import Data.Maybe (isJust)
import Distribution.Parsec (simpleParsecBS)
import Distribution.Version (Version)

judge :: B.ByteString -> String
judge line = op : flag a : flag b : "\n"
  where
    (x, y) = B.break (== '\t') line
    a = simpleParsecBS x :: Maybe Version
    b = simpleParsecBS (B.drop 1 y) :: Maybe Version
    flag v = if isJust v then '1' else '0'
    op = case (compare <$> a <*> b) of
      Just LT -> '<'
      Just EQ -> '='
      Just GT -> '>'
      Nothing -> '?'

main :: IO ()
main = B.getContents >>= putStr . concatMap judge . B.lines
