<?php
/*
Plugin Name: P
Stable Version: 9
   <?PHP Version: 8
*/