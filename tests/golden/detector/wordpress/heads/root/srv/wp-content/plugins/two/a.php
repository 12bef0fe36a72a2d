<?php
/*
Plugin Name: Two
Version: 1
Version: 2
*/