<?php
# Plugin Name: S
// Version: 4.0 ?> x
